// Zeroshot asks which of some labels pictures show, drawn ones where none are given.
//
//	go run ./examples/zeroshot [PICTURE...]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/sources/scenes"
	"github.com/pairstream/pairstream/stages"
)

func main() {
	pictures := os.Args[1:]
	if len(pictures) == 0 {
		folder, err := os.MkdirTemp("", "scenes-*")
		if err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(folder)
		if err := scenes.WriteFolder(folder, 7, 6, 224); err != nil {
			log.Fatal(err)
		}
		if pictures, err = filepath.Glob(filepath.Join(folder, "*.*g")); err != nil {
			log.Fatal(err)
		}
	}
	var labels []string
	for _, shape := range scenes.Shapes() {
		labels = append(labels, shape.String())
	}

	clip := model.Tiny()
	classifier, err := clip.Classifier(labels, []string{"a photo of a {}", "a drawing of a {}"})
	if err != nil {
		log.Fatal(err)
	}
	pixels := pipeline.Through(pipeline.From(&sources.Pictures{Paths: pictures}), stages.Preprocess{Model: clip})
	features := pipeline.Through(pixels, stages.EncodeImages{Model: clip})
	probabilities := make([]float32, len(labels))
	for batch, err := range pipeline.All(context.Background(), features) {
		if err != nil {
			log.Fatal(err)
		}
		for i := range batch.NumRows() {
			classifier.Probabilities(probabilities, batch.Features().Row(int(i)))
			best := slices.Max(probabilities)
			id, _ := batch.Label(i)
			fmt.Printf("%s: %.0f %% %s\n", filepath.Base(id), 100*best, labels[slices.Index(probabilities, best)])
		}
	}
}
