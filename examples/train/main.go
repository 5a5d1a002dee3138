// Train teaches a small CLIP on drawn scenes, and prints after each epoch how well it tells ten captions apart by their
// pictures, of pairs that it has not seen. A model that knows nothing has a loss of ln 10 = 2.30, and an accuracy of 0.10.
//
//	go run ./examples/train [DIR]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/optim"
	"github.com/pairstream/pairstream/model/train"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/stages"
)

const (
	pairs, unseen = 2_560, 1_000
	epochs, size  = 20, 128
)

func main() {
	ctx := context.Background()
	clip := model.New(model.Config{
		Embed:      128,
		Image:      model.ImageConfig{Size: 224, Patch: 32, Width: 128, Layers: 3, Heads: 2},
		Text:       model.TextConfig{Context: 77, Vocab: 49408, Width: 64, Layers: 3, Heads: 1},
		Activation: model.QuickGELU,
	}, 1)
	trainer, err := train.New(clip, train.Options{
		Options: optim.Options{Decay: 0.1},
		Rate:    optim.Cosine{Peak: 2e-3, Warmup: 20, Steps: epochs * (pairs / size)},
		Clip:    1,
	})
	if err != nil {
		log.Fatal(err)
	}

	began := time.Now()
	judge := func(ctx context.Context, epoch int64) error {
		clip := trainer.Live()
		test := &stages.Evaluate{LogitScale: clip.LogitScale(), Group: 10}
		vectors := stages.Embed{Model: clip}.Draw(pipeline.From(&sources.Scenes{N: unseen, Seed: 2}))
		if err := pipeline.Run(ctx, pipeline.Into(vectors, test)); err != nil {
			return err
		}
		fmt.Printf("%5d   %.2f      %.2f  %v\n", epoch, test.Grouped.Loss, test.Grouped.ImageToText.Recall1, time.Since(began).Round(time.Second))
		return nil
	}
	fmt.Println("epoch   loss  accuracy  time")
	if err := judge(ctx, 0); err != nil {
		log.Fatal(err)
	}

	source := pipeline.From(&sources.Epochs{Source: &sources.Scenes{N: pairs, Seed: 1}, Count: epochs, Seed: 1})
	left, right := pipeline.Tee(source)
	pixels := pipeline.Through(left, stages.Preprocess{Model: clip}, pipeline.Workers(2))
	tokens := pipeline.Through(right, stages.Tokenize{Model: clip})
	examples := pipeline.Zip(pixels, tokens, batch.JoinExamples)
	school := &stages.Train{Trainer: trainer, Batch: size, OnEpoch: judge}
	if err := pipeline.Run(ctx, pipeline.Into(examples, school)); err != nil {
		log.Fatal(err)
	}
	if len(os.Args) > 1 {
		if err := trainer.Model().Save(os.Args[1]); err != nil {
			log.Fatal(err)
		}
	}
}
