package main

import (
	"math/rand/v2"
	"path/filepath"
	"runtime"

	"github.com/pairstream/pairstream/loss"
	"github.com/pairstream/pairstream/model/tensor"
)

// contrast computes the loss of a window and its gradients.
func contrast(s *session) (table, []trial, error) {
	const n, d, scale = 10_000, 512, 100
	threads := runtime.NumCPU()
	t := table{Name: "loss", Unit: "windows/s", Notes: []string{
		"Forward and backward, 10,000 pairs of 512 dimensions. PyTorch and NumPy hold matrices of 10,000×10,000, we tiles.",
		"NumPy does only the three products without which there is no gradient.",
	}}
	images, texts := make([]float32, n*d), make([]float32, n*d)
	r := rand.New(rand.NewPCG(2, 2))
	for i := range images {
		images[i] = float32(r.NormFloat64())
		texts[i] = images[i] + 4*float32(r.NormFloat64())
	}
	tensor.Normalize(images, images, d)
	tensor.Normalize(texts, texts, d)
	files := [2]string{filepath.Join(s.dir, "images.f32"), filepath.Join(s.dir, "texts.f32")}
	for i, values := range [][]float32{images, texts} {
		if err := writeFloats(files[i], values); err != nil {
			return t, nil, err
		}
	}
	args := map[string]any{"images": files[0], "texts": files[1], "width": d, "scale": scale, "threads": threads}
	gradients := make([]float32, 2*n*d)
	var c loss.Contrastive
	return t, []trial{{
		setting: plural(threads), units: 1, width: d, operations: 3 * 2 * n * n * d,
		contenders: s.against([]contender{ours("pairstream", threads, 1, &gradients, func() error {
			if _, err := c.Forward(images, texts, d, scale); err != nil {
				return err
			}
			_, err := c.Backward(gradients[:n*d], gradients[n*d:])
			return err
		})},
			job{"torch", "PyTorch, whole matrix", "loss", exact, args},
			job{"python", "NumPy, bare products", "products", 0, args},
		),
	}}, nil
}
