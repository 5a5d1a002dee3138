package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"

	"github.com/pairstream/pairstream/loss"
	"github.com/pairstream/pairstream/model/tensor"
)

// contrast computes the loss of windows and its gradients.
func contrast(s *session) (table, []trial, error) {
	const d, scale = 512, 100
	threads := runtime.NumCPU()
	t := table{Name: "loss", Unit: "windows/s", Notes: []string{
		"Forward and backward of pairs of 512 dimensions. PyTorch holds the matrix of all pairs, up to 10,000 of them, we tiles.",
		"NumPy does only the three products without which there is no gradient, on 400 MB of the matrix at a time.",
	}}
	var trials []trial
	for _, n := range []int{10_000, 65_536} {
		images, texts := make([]float32, n*d), make([]float32, n*d)
		r := rand.New(rand.NewPCG(2, 2))
		for i := range images {
			images[i] = float32(r.NormFloat64())
			texts[i] = images[i] + 4*float32(r.NormFloat64())
		}
		tensor.Normalize(images, images, d)
		tensor.Normalize(texts, texts, d)
		var files [2]string
		for i, values := range [][]float32{images, texts} {
			files[i] = filepath.Join(s.dir, fmt.Sprintf("vectors-%d-%d.f32", n, i))
			if err := writeFloats(files[i], values); err != nil {
				return t, nil, err
			}
		}
		args := map[string]any{"images": files[0], "texts": files[1], "width": d, "scale": scale, "threads": threads}
		gradients := make([]float32, 2*n*d)
		var c loss.Contrastive
		jobs := []job{{"python", "NumPy, bare products", "products", 0, args}}
		if n == 10_000 {
			jobs = append(jobs, job{"torch", "PyTorch, whole matrix", "loss", exact, args})
		}
		trials = append(trials, trial{
			setting: fmt.Sprintf("%d pairs, %s", n, plural(threads)), units: 1, width: d, operations: 3 * 2 * float64(n) * float64(n) * d,
			contenders: s.against([]contender{ours("pairstream", threads, 1, &gradients, func() error {
				if _, err := c.Forward(images, texts, d, scale); err != nil {
					return err
				}
				_, err := c.Backward(gradients[:n*d], gradients[n*d:])
				return err
			})}, jobs...),
		})
	}
	return t, trials, nil
}
