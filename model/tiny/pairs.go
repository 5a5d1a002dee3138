package main

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/sources/scenes"
)

// A pair is a scene and what is said of it.
type pair struct {
	scene   scenes.Scene
	caption string
}

// A brief says less of an object alone than a scene's caption does.
type brief struct {
	say func(o scenes.Object) string
	by  []scenes.Trait // what it tells apart
}

var (
	theShape = brief{func(o scenes.Object) string { return article(o.Shape.String()) }, []scenes.Trait{scenes.ByShape}}
	briefs   = []brief{
		theShape,
		{func(o scenes.Object) string { return article(o.Color.String() + " shape") }, []scenes.Trait{scenes.ByColor}},
		{func(o scenes.Object) string { return "something " + o.Color.String() }, []scenes.Trait{scenes.ByColor}},
		{func(o scenes.Object) string { return article(o.Color.String() + " " + o.Shape.String()) },
			[]scenes.Trait{scenes.ByColor, scenes.ByShape}},
		{scenes.Object.String, []scenes.Trait{scenes.ByColor, scenes.ByShape, scenes.BySize}},
	}
	frames = []string{"", "a picture of ", "a photo of ", "a drawing of ", "an image of ", "there is "}
)

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// alone throws scenes until one has a single object.
func alone(rng *rand.Rand) scenes.Scene {
	for {
		if s := scenes.New(rng.Uint64(), 0); s.Arrangement == scenes.Alone {
			return s
		}
	}
}

// briefly is a group of n pairs of one object each, of which b says something different.
func briefly(rng *rand.Rand, n int, b brief) []pair {
	s, frame := alone(rng), frames[rng.IntN(len(frames))]
	var group []pair
	for _, s := range append(s.Siblings(n-1, b.by...), s) {
		group = append(group, pair{s, frame + b.say(s.Objects[0])})
	}
	return group
}

// closeUpShapes draws all ten shapes at a time, alike otherwise.
func closeUpShapes(rng *rand.Rand, n int) (pairs []pair) {
	for len(pairs) < n {
		pairs = append(pairs, closeUp(rng, briefly(rng, len(scenes.Shapes()), theShape))...)
	}
	return pairs[:n]
}

// closeUpWords draws groups of four that one word tells apart.
func closeUpWords(rng *rand.Rand, n int) (pairs []pair) {
	for len(pairs) < n {
		pairs = append(pairs, closeUp(rng, briefly(rng, 4, briefs[rng.IntN(len(briefs))]))...)
	}
	return pairs[:n]
}

// sceneGroups draws groups of four scenes that differ in one thing, half of them in a shape; a quarter of the
// groups are of one object, and say less of it.
func sceneGroups(rng *rand.Rand, n int) (pairs []pair) {
	for len(pairs) < n {
		if rng.IntN(4) == 0 {
			pairs = append(pairs, briefly(rng, 4, briefs[rng.IntN(len(briefs))])...)
			continue
		}
		var by []scenes.Trait
		if rng.IntN(2) == 0 {
			by = append(by, scenes.ByShape)
		}
		s := scenes.New(rng.Uint64(), 0)
		for _, s := range append(s.Siblings(3, by...), s) {
			pairs = append(pairs, pair{s, s.Caption()})
		}
	}
	return pairs[:n]
}

// closeUp moves the only objects of pairs into a window of 96 of the scene's 224 pixels, anywhere in it.
func closeUp(rng *rand.Rand, pairs []pair) []pair {
	const zoom = 224. / 96
	for i := range pairs {
		o := &pairs[i].scene.Objects[0]
		o.Radius *= zoom
		free := max(1-2*o.Radius, 0.2) // the largest may be cut a little
		o.X, o.Y = 0.5+free*(rng.Float64()-0.5), 0.5+free*(rng.Float64()-0.5)
	}
	return pairs
}

// pixels draws a scene as it comes out of preprocessing: (3, side, side), normalised.
func pixels(dst []float32, s scenes.Scene, side int) {
	m, p, n := s.Draw(side), model.OpenAIPreprocess(), side*side
	for c := range 3 {
		var level [256]float32
		for v := range level {
			level[v] = (float32(v)/255 - p.Mean[c]) / p.Std[c]
		}
		plane := dst[c*n : (c+1)*n]
		for i := range plane {
			plane[i] = level[m.Pix[4*i+c]]
		}
	}
}

// distinct are the first n scenes of a seed whose captions differ.
func distinct(seed uint64, n int) (pairs []pair) {
	var seen []string
	for i := int64(0); len(pairs) < n; i++ {
		s := scenes.New(seed, i)
		if c := s.Caption(); !slices.Contains(seen, c) {
			seen = append(seen, c)
			pairs = append(pairs, pair{s, c})
		}
	}
	return pairs
}
