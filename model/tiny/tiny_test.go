package main

import (
	"bytes"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/pixel"
	"github.com/pairstream/pairstream/sources/scenes"
)

func TestRetrieval(t *testing.T) {
	e, err := retrieval(model.Tiny(), 200, 224, scenes.Scene.PNG)
	if err != nil {
		t.Fatal(err)
	}
	if e.ImageToText.Recall1 < 0.95 || e.TextToImage.Recall1 < 0.95 || e.Loss > 0.2 {
		t.Errorf("among 200 scenes: %+v", e)
	}
}

func TestZeroShot(t *testing.T) {
	for name, as := range map[string]encoding{"PNG": scenes.Scene.PNG, "JPEG": asJPEG} {
		shape, color, err := zeroShot(model.Tiny(), 100, 224, as)
		if err != nil {
			t.Fatal(err)
		}
		if shape < 0.95 || color < 0.98 {
			t.Errorf("%s: %.2f of shapes and %.2f of colours are right", name, shape, color)
		}
	}
}

// Whoever wants it as a directory has the same model.
func TestSaved(t *testing.T) {
	dir := t.TempDir()
	if err := model.Tiny().Save(dir); err != nil {
		t.Fatal(err)
	}
	c, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Fingerprint() != model.Tiny().Fingerprint() {
		t.Errorf("%s becomes %s", model.Tiny().Fingerprint(), c.Fingerprint())
	}
}

// words are collected once for all tests.
var words = sync.OnceValue(wordsOfScenes)

// brisk is a lesson with two steps a stage, of a few pairs.
func brisk() (lesson []stage) {
	for _, s := range slices.Concat(recipe...)[:3] {
		s.batch, s.steps = 9, 2
		lesson = append(lesson, s)
	}
	return lesson
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	words := words()
	var first []byte
	for procs := 1; procs <= 2; procs++ {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		lesson := brisk()
		c, err := learn(model.New(lesson[0].config(len(words)), 1), lesson, words, 1, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := store(&file, c, words); err != nil {
			t.Fatal(err)
		}
		if procs == 1 {
			first = file.Bytes()
		} else if !bytes.Equal(first, file.Bytes()) {
			t.Errorf("%d processors give other bytes", procs)
		}
	}
}

// A lesson begins with what the last one stored, and as close to what it learnt as float16 comes.
func TestStored(t *testing.T) {
	words := vocabulary{0, 7, 320, 49406, 49407}
	c := model.New(final.config(len(words)), 1)
	var once, twice bytes.Buffer
	if err := store(&once, c, words); err != nil {
		t.Fatal(err)
	}
	again, err := read(once.Bytes(), words)
	if err != nil {
		t.Fatal(err)
	}
	if err := store(&twice, again, words); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(once.Bytes(), twice.Bytes()) {
		t.Error("what is read and stored again is not the same")
	}
	want := parameters(c)
	for name, p := range parameters(again) {
		for i, v := range p.Value {
			if d := math.Abs(float64(v - want[name].Value[i])); d > 1e-3*math.Abs(float64(v))+1e-7 {
				t.Fatalf("%s: value %d is %v, was %v", name, i, v, want[name].Value[i])
			}
		}
	}
	if _, err := read(once.Bytes()[:100], words); err == nil {
		t.Error("half a file is read")
	}
}

func TestPixelsAreThoseOfFiles(t *testing.T) {
	s := scenes.New(1, 1)
	file, err := s.PNG(224)
	if err != nil {
		t.Fatal(err)
	}
	got, want := make([]float32, 3*224*224), make([]float32, 3*224*224)
	if err := (pixel.Transform{}).Apply(want, file); err != nil {
		t.Fatal(err)
	}
	pixels(got, s, 224)
	if !slices.Equal(got, want) {
		t.Error("training sees other pixels than the file of a scene has")
	}
}

// A model that has grown makes of a picture, drawn twice as large, what it made of it before.
func TestGrow(t *testing.T) {
	const words = 40
	small := stage{side: 112, patch: 16}.config(words)
	c := model.New(small, 1)
	grown, err := grow(c, final.config(words), 2)
	if err != nil {
		t.Fatal(err)
	}
	picture, large := make([]float32, 3*112*112), make([]float32, 3*224*224)
	pixels(picture, scenes.New(1, 2), 112)
	for i := range large {
		large[i] = picture[i/(224*224)*112*112+i/224%224/2*112+i%224/2]
	}
	want, got := make([]float32, 512), make([]float32, 512)
	c.EncodeImages(want, picture)
	grown.EncodeImages(got, large)
	for i := range got {
		if math.Abs(float64(got[i]-want[i])) > 1e-4 {
			t.Fatalf("value %d is %v, was %v", i, got[i], want[i])
		}
	}
	back, err := grow(grown, small, 3)
	if err != nil {
		t.Fatal(err)
	}
	if back.Fingerprint() != c.Fingerprint() {
		t.Error("what has grown cannot be shrunk again")
	}
	if _, err := grow(c, stage{side: 112, patch: 16}.config(2*words), 2); err == nil {
		t.Error("a vocabulary grows by itself")
	}
}

func TestPairs(t *testing.T) {
	words := words()
	for _, s := range slices.Concat(recipe...) {
		pairs := s.draw(rand.New(rand.NewPCG(1, 2)), 40)
		b := batch{pixels: make([]float32, 40*3*s.side*s.side), tokens: make([]int32, 40*77)}
		b.draw(pairs, words, s.side)
		captions := make(map[string]bool)
		for _, p := range pairs {
			captions[p.caption] = true
		}
		if len(pairs) != 40 || len(captions) < 10 {
			t.Errorf("%s: %d pairs of %d captions", s.name, len(pairs), len(captions))
		}
		if last := int32(len(words) - 1); slices.Max(b.tokens) != last {
			t.Errorf("%s: texts end with %d, want %d", s.name, slices.Max(b.tokens), last)
		}
	}
}
