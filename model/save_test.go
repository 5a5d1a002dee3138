package model_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/model"
)

// TestSavedModelElsewhere compares with what transformers and open_clip make of the directory that we save. The
// directory is kept where SAVED says so: see testdata/make_saved.py.
func TestSavedModelElsewhere(t *testing.T) {
	clip := model.New(model.Config{
		Embed:      16,
		Image:      model.ImageConfig{Size: 64, Patch: 16, Width: 16, Layers: 2, Heads: 2},
		Text:       model.TextConfig{Context: 77, Vocab: 49408, Width: 16, Layers: 2, Heads: 2},
		Activation: model.GELU,
	}, 7)
	dir := t.TempDir()
	if keep := os.Getenv("SAVED"); keep != "" {
		dir = keep
	}
	if err := clip.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := clip.SaveHuggingFace(dir); err != nil {
		t.Fatal(err)
	}
	type embeddings struct {
		Image, Text [][]float32
		Scale       float64
	}
	var peers struct {
		Transformers embeddings `json:"transformers"`
		OpenCLIP     embeddings `json:"open_clip"`
		Size         int
		Transforms   string
	}
	text, err := os.ReadFile("testdata/saved/peers.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &peers); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(peers.Transforms, "size=64, interpolation=bicubic") || peers.Size != 64 {
		t.Errorf("preprocessing there: %d, %s", peers.Size, peers.Transforms)
	}

	hf := t.TempDir() // with the files of one layout alone
	for _, name := range []string{"config.json", "model.safetensors", "preprocessor_config.json", "merges.txt", "vocab.json"} {
		if err := os.Link(filepath.Join(dir, name), filepath.Join(hf, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		dir  string
		want embeddings
	}{"open_clip": {dir, peers.OpenCLIP}, "transformers": {hf, peers.Transformers}} {
		opened, err := model.Open(test.dir)
		if err != nil {
			t.Fatal(err)
		}
		defer opened.Close()
		captions := []string{"a small red circle over a big blue square", "Hello World!", "three little black arrows in a row, it's café 12"}
		n, d := 3*64*64, 16
		pixels, tokens := make([]float32, len(captions)*n), make([]int32, len(captions)*77)
		for k, caption := range captions {
			for i := range n {
				pixels[k*n+i] = float32(float64((i*7919+k*104729)%1009)/504.5 - 1)
			}
			opened.Tokenizer().Encode(tokens[k*77:][:77], caption)
		}
		images, texts := make([]float32, len(captions)*d), make([]float32, len(captions)*d)
		opened.EncodeImages(images, pixels)
		opened.EncodeTexts(texts, tokens)
		worst := math.Abs(float64(opened.LogitScale()) - test.want.Scale)
		for k := range captions {
			worst = max(worst, apart(images[k*d:][:d], test.want.Image[k]), apart(texts[k*d:][:d], test.want.Text[k]))
		}
		t.Logf("%s: largest difference %.2g", name, worst)
		if worst > 1e-5 { // float32 sums in another order
			t.Errorf("%s: embeddings differ by %g", name, worst)
		}
	}
}

// apart is the largest difference of a, scaled to unit length, from b.
func apart(a, b []float32) (worst float64) {
	var squares float64
	for _, v := range a {
		squares += float64(v) * float64(v)
	}
	for i, v := range a {
		worst = max(worst, math.Abs(float64(v)/math.Sqrt(squares)-float64(b[i])))
	}
	return worst
}
