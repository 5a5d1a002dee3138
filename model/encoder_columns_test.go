package model

import (
	"fmt"
	"runtime"
	"testing"
)

// TestSharedColumns checks that an embedding has the same bits where processors share columns, in shares of one head, of two
// whose columns are then whole panels, and of more on one side than on the other, as where one processor does all.
func TestSharedColumns(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	const n = 3
	cfg := Config{
		Embed:      20,
		Image:      ImageConfig{Size: 20, Patch: 5, Width: 192, Layers: 2, Heads: 4, MLP: 330},
		Text:       TextConfig{Context: 21, Vocab: 50, Width: 96, Layers: 3, Heads: 3},
		Activation: QuickGELU,
	}
	pixels, tokens := cfg.inputs(n, 7)
	plain := New(cfg, 8)
	for i, c := range []*CLIP{plain, plain.WithPrecision(Int16), plain.WithPrecision(Int8), withOutliers(New(cfg, 8), 2).WithPrecision(Int8)} {
		runtime.GOMAXPROCS(1)
		images, texts := make([]float32, n*c.Embed()), make([]float32, n*c.Embed())
		c.EncodeImages(images, pixels)
		c.EncodeTexts(texts, tokens)
		for processors, want := range map[int][2]int{1: {1, 1}, 2: {2, 2}, 3: {2, 3}, 8: {2, 3}} {
			runtime.GOMAXPROCS(processors)
			shares := [2]int{
				c.images().(*visionEncoder).blocks.mostShares(processors),
				c.texts().(*textEncoder).blocks.mostShares(processors),
			}
			if shares != want {
				t.Errorf("%d processors: %d shares, want %d", processors, shares, want)
			}
			for row := range n {
				name := fmt.Sprintf("model %d, %d processors", i, processors)
				got := make([]float32, c.Embed())
				c.EncodeImages(got, pixels[row*len(pixels)/n:(row+1)*len(pixels)/n])
				checkSame(t, name, got, images[row*c.Embed():])
				c.EncodeTexts(got, tokens[row*len(tokens)/n:(row+1)*len(tokens)/n])
				checkSame(t, name, got, texts[row*c.Embed():])
			}
		}
	}
}

func checkSame(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i, v := range got {
		if v != want[i] {
			t.Fatalf("%s: value %d is %v, on one processor %v", name, i, v, want[i])
		}
	}
}
