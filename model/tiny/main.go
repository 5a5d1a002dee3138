// Tiny trains the small CLIP that is inside the program, from nothing but drawn scenes, or tells how good it is:
//
//	go run ./model/tiny                 # trains it anew; see recipe.go
//	go run ./model/tiny -evaluate       # what the one inside can do
package main

import (
	"flag"
	"io"
	"log"
	"os"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/checkpoint"
)

func main() {
	seed := flag.Uint64("seed", 1, "of the weights and the scenes")
	out := flag.String("out", "model/tiny/weights.safetensors.zst", "file for the model")
	evaluate := flag.Bool("evaluate", false, "evaluate the model that is inside instead")
	flag.Parse()
	do := func() error { return create(*out, *seed) }
	if *evaluate {
		do = func() error { return report(os.Stdout, model.Tiny()) }
	}
	if err := do(); err != nil {
		log.Fatal(err)
	}
}

// create trains a model and stores it, after each stage as it is by then.
func create(out string, seed uint64) error {
	words := wordsOfScenes()
	return learn(recipe, words, seed, os.Stderr, func(c *model.CLIP) error {
		c, err := grow(c, final.config(len(words)), seed)
		if err != nil {
			return err
		}
		return checkpoint.Replace(out, func(w io.Writer) error { return store(w, c, words) })
	})
}
