package main

import (
	"math/rand/v2"

	"github.com/pairstream/pairstream/model"
)

// A stage is a part of the training: steps with pairs of one kind, on pictures of one size.
type stage struct {
	name        string
	side, patch int // of the pictures and of their patches, in pixels
	draw        func(rng *rand.Rand, n int) []pair
	batch       int
	steps       int
	rate        float64 // the highest; each stage warms up and ends at zero
}

// recipe is how the model is trained, lesson by lesson: what is stored after one is what the next begins with.
//
// A model that sees all at once learns the colours, the places, and no shape: it does well enough without. So it first
// learns what shapes are, where nothing else is asked and pictures are small and cheap, then words, and only then whole
// scenes. All pictures are drawn at half their size: a patch of 16 pixels stands for one of 32, which it grows to in
// the end.
var recipe = [][]stage{
	{
		{"shapes, close up", 48, 16, closeUpShapes, 120, 1300, 1e-3},
		{"words, close up", 48, 16, closeUpWords, 128, 800, 1e-3},
	},
	{{"scenes", 112, 16, sceneGroups, 128, 400, 1e-3}},
	{{"scenes", 112, 16, sceneGroups, 128, 600, 1e-3}},
	{{"scenes", 112, 16, sceneGroups, 128, 600, 8e-4}},
	{{"scenes", 112, 16, sceneGroups, 128, 400, 4e-4}},
	{{"scenes", 112, 16, sceneGroups, 128, 1000, 8e-4}},
	{{"scenes", 112, 16, sceneGroups, 128, 600, 4e-4}},
}

// warmup is the number of each stage's first steps, in which the rate rises.
const warmup = 50

// config is the model's in a stage; its vocabulary has only the words of the captions.
func (s stage) config(words int) model.Config {
	return model.Config{
		Embed:      512,
		Image:      model.ImageConfig{Size: s.side, Patch: s.patch, Width: 128, Layers: 3, Heads: 2},
		Text:       model.TextConfig{Context: 77, Vocab: words, Width: 64, Layers: 3, Heads: 1},
		Activation: model.QuickGELU,
	}
}

// final is what the model is in the end.
var final = stage{side: 224, patch: 32}
