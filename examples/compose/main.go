// Compose draws all seven steps by hand: drawn pairs go through both towers into a similarity matrix and a loss.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/stages"
)

func main() {
	clip := model.Tiny()

	pairs := pipeline.From(&sources.Scenes{N: 100, Seed: 7}) // 1 ingest
	left, right := pipeline.Tee(pairs)
	pixels := pipeline.Through(left, stages.Preprocess{Model: clip}, pipeline.Workers(4)) // 2 image preprocessing
	tokens := pipeline.Through(right, stages.Tokenize{Model: clip})                       // 3 tokenization
	images := pipeline.Through(pixels, stages.EncodeImages{Model: clip})                  // 4 encoding
	texts := pipeline.Through(tokens, stages.EncodeTexts{Model: clip})
	vectors := pipeline.Through(pipeline.Zip(images, texts, batch.Join), stages.Normalize{}) // 5 normalization
	windows := pipeline.Rebatch(vectors, pipeline.Window{Rows: 50})
	scale := clip.LogitScale()
	scores := pipeline.Through(windows, stages.Similarity{LogitScale: scale})             // 6 similarity
	metrics := pipeline.Through(scores, stages.Contrast[batch.Scores]{LogitScale: scale}) // 7 contrastive loss

	for m, err := range pipeline.All(context.Background(), metrics) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d pairs: loss %.3f, accuracy %.2f\n", m.Pairs(0), m.Loss(0), m.Accuracy(0))
	}
}
