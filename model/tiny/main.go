// Tiny trains the small CLIP that is inside the program, from nothing but drawn scenes, or tells how good it is:
//
//	go run ./model/tiny                 # trains it anew; see recipe.go
//	go run ./model/tiny -evaluate       # what the one inside can do
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/checkpoint"
)

func main() {
	seed := flag.Uint64("seed", 1, "of the weights and the scenes")
	file := flag.String("file", "model/tiny/weights.safetensors.zst", "of the model")
	lesson := flag.Int("lesson", 0, "lesson to begin with; the file then holds what was learnt before")
	evaluate := flag.Bool("evaluate", false, "evaluate the model that is inside instead")
	flag.Parse()
	do := func() error { return create(*file, *seed, *lesson) }
	if *evaluate {
		do = func() error { return report(os.Stdout, model.Tiny()) }
	}
	if err := do(); err != nil {
		log.Fatal(err)
	}
}

// create trains a model, lesson by lesson, and stores it after each.
func create(path string, seed uint64, first int) error {
	words := wordsOfScenes()
	for i, lesson := range recipe {
		if i < first {
			continue
		}
		c := model.New(lesson[0].config(len(words)), seed)
		if i > 0 {
			file, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if c, err = read(file, words); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		c, err := learn(c, lesson, words, seed+uint64(i)<<40, os.Stderr)
		if err != nil {
			return err
		}
		if err := checkpoint.Replace(path, func(w io.Writer) error { return store(w, c, words) }); err != nil {
			return err
		}
	}
	return nil
}
