package train_test

import (
	"fmt"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/optim"
	"github.com/pairstream/pairstream/model/train"
)

// Example teaches a very small model eight pairs by heart.
func Example() {
	clip := model.New(model.Config{
		Embed:      16,
		Image:      model.ImageConfig{Size: 8, Patch: 4, Width: 16, Layers: 2, Heads: 2},
		Text:       model.TextConfig{Context: 4, Vocab: 12, Width: 16, Layers: 2, Heads: 2},
		Activation: model.QuickGELU,
	}, 1)
	var pixels []float32 // (8, 3, 8, 8): each picture of a grey of its own
	var tokens []int32   // (8, 4): a word, the end, and padding
	for i := range 8 {
		for range 3 * 8 * 8 {
			pixels = append(pixels, float32(i)/4-1)
		}
		tokens = append(tokens, int32(1+i), 11, 0, 0)
	}

	const steps = 150
	trainer, err := train.New(clip, train.Options{Rate: optim.Cosine{Peak: 1e-2, Warmup: 10, Steps: steps}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for trainer.Steps() < steps {
		if _, err := trainer.Step(pixels, tokens); err != nil {
			fmt.Println(err)
			return
		}
	}
	e, err := train.Evaluate(trainer.Model(), pixels, tokens)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("loss below 0.1: %t, recall@1 %.2f, mean rank %.0f\n", e.Loss < 0.1, e.ImageToText.Recall1, e.ImageToText.MeanRank)
	// Output:
	// loss below 0.1: true, recall@1 1.00, mean rank 1
}
