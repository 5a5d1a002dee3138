package train

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/optim"
)

// medium has products, runs of rows and optimiser blocks that are split among processors.
var medium = model.Config{
	Embed:      64,
	Image:      model.ImageConfig{Size: 64, Patch: 8, Width: 128, Layers: 2, Heads: 2},
	Text:       model.TextConfig{Context: 24, Vocab: 500, Width: 128, Layers: 2, Heads: 2},
	Activation: model.GELU,
}

// mediumBatch draws pairs for medium.
func mediumBatch(rng *rand.Rand, n int) (pixels []float32, tokens []int32) {
	pixels, tokens = make([]float32, n*3*64*64), make([]int32, n*24)
	for i := range pixels {
		pixels[i] = float32(rng.NormFloat64())
	}
	for i := range n {
		row := tokens[i*24:][:24]
		end := 1 + rng.IntN(23)
		for k := range end {
			row[k] = 1 + rng.Int32N(498)
		}
		row[end] = 499
	}
	return pixels, tokens
}

// TestSameWeightsForAnyNumberOfThreads takes ten steps from one seed.
func TestSameWeightsForAnyNumberOfThreads(t *testing.T) {
	for name, o := range map[string]Options{
		"whole":   {Options: optim.Options{Decay: 0.2}, Rate: optim.Cosine{Peak: 1e-3, Steps: 10}},
		"chunked": {Options: optim.Options{Decay: 0.2}, Rate: optim.Cosine{Peak: 1e-3, Steps: 10}, Chunk: 7, Clip: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var first string
			for _, threads := range []int{1, 2, 3} {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
				trainer, err := New(model.New(medium, 5), o)
				if err != nil {
					t.Fatal(err)
				}
				rng := rand.New(rand.NewPCG(5, 5))
				for range 10 {
					must(t)(trainer.Step(mediumBatch(rng, 20)))
				}
				switch got := trainer.Model().Fingerprint(); first {
				case "":
					first = got
				case got:
				default:
					t.Errorf("%d threads end with %s, one with %s", threads, got, first)
				}
			}
		})
	}
}

// TestChunksAreTheWhole compares the gradients of a batch whose activations were kept in parts with those of the whole.
func TestChunksAreTheWhole(t *testing.T) {
	gradients := func(chunk int) []model.Parameter {
		trainer, err := New(model.New(medium, 5), Options{Rate: optim.Cosine{Peak: 1e-3, Steps: 10}, Chunk: chunk})
		if err != nil {
			t.Fatal(err)
		}
		must(t)(trainer.Step(mediumBatch(rand.New(rand.NewPCG(6, 6)), 20)))
		return trainer.learner.Parameters()
	}
	whole := gradients(0)
	for _, chunk := range []int{1, 7, 19} {
		for i, p := range gradients(chunk) {
			worst, largest := 0.0, 0.0
			for k, w := range whole[i].Gradient {
				worst = max(worst, math.Abs(float64(p.Gradient[k]-w)))
				largest = max(largest, math.Abs(float64(w)))
			}
			// What is embedded twice is rounded in another order the first time, as inference does.
			if !(worst <= 1e-4*largest) {
				t.Errorf("chunk %d: the gradient of %s differs by %g, of values up to %g", chunk, p.Name, worst, largest)
			}
		}
	}
}
