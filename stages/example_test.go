package stages_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/optim"
	"github.com/pairstream/pairstream/model/train"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/stages"
)

// Circles is a stage of one's own: it keeps the pairs whose caption has a circle in it.
type Circles struct{}

func (Circles) Process(ctx context.Context, in batch.Pairs) (batch.Pairs, error) {
	var others []int64
	for i := range in.NumRows() {
		if caption, _ := in.Caption(int(i)); !strings.Contains(caption, "circle") {
			others = append(others, i)
		}
	}
	return in.Drop(ctx, others)
}

func Example_ownStage() {
	pairs := pipeline.From(&sources.Scenes{N: 100, Seed: 1, Size: 64})
	vectors := stages.Embed{Model: model.Tiny()}.Draw(pipeline.Through(pairs, Circles{}))
	circles := int64(0)
	for v, err := range pipeline.All(context.Background(), vectors) {
		if err != nil {
			fmt.Println(err)
			return
		}
		circles += v.NumRows()
	}
	fmt.Println(circles > 5, circles < 50)
	// Output: true true
}

// Training is a pipeline that ends in stages.Train.
func ExampleTrain() {
	ctx, folder := context.Background(), "model-trained-on-scenes"
	defer os.RemoveAll(folder)
	clip := model.New(model.Config{
		Embed:      16,
		Image:      model.ImageConfig{Size: 32, Patch: 16, Width: 32, Layers: 1, Heads: 1},
		Text:       model.TextConfig{Context: 77, Vocab: 49408, Width: 16, Layers: 1, Heads: 1},
		Activation: model.QuickGELU,
	}, 1)

	trainer, err := train.New(clip, train.Options{Rate: optim.Cosine{Peak: 1e-3, Warmup: 5, Steps: 30}})
	if err != nil {
		fmt.Println(err)
		return
	}
	pairs := pipeline.From(&sources.Epochs{Source: &sources.Scenes{N: 100, Size: 32}, Count: 10, Seed: 1})
	left, right := pipeline.Tee(pairs)
	pixels := pipeline.Through(left, stages.Augment{Model: clip}, pipeline.Workers(2))
	tokens := pipeline.Through(right, stages.Tokenize{Model: clip})
	examples := pipeline.Zip(pixels, tokens, batch.JoinExamples)
	err = pipeline.Run(ctx, pipeline.Into(examples, &stages.Train{Trainer: trainer, Batch: 32}))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := trainer.Model().Save(folder); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(trainer.Steps(), "steps")
	// Output: 30 steps
}
