package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor"
)

// products are single matrix products x·Wᵀ, of layers and square, beside what the processor could do at most.
func products(s *session) (table, []trial, error) {
	t := table{Name: "products", Unit: "products/s", Notes: []string{
		"x (rows, in) · Wᵀ (in, out) in float32. peak: multiplications and additions in registers alone, on as many threads.",
		"packed: weights laid out beforehand, as in our encoder and in oneDNN; sgemm, OpenBLAS and MKL take them as they are.",
	}}
	r := rand.New(rand.NewPCG(3, 3))
	var trials []trial
	for _, shape := range [][3]int{{50, 768, 2304}, {400, 768, 3072}, {400, 3072, 768}, {616, 512, 2048}, {1024, 1024, 1024}, {2048, 2048, 2048}} {
		rows, in, out := shape[0], shape[1], shape[2]
		size := fmt.Sprintf("%d×%d×%d", rows, in, out)
		x, w := make([]float32, rows*in), make([]float32, out*in)
		args := map[string]any{"rows": rows, "in": in, "out": out}
		for name, values := range map[string][]float32{"x": x, "w": w} {
			for i := range values {
				values[i] = r.Float32() - 0.5
			}
			file := filepath.Join(s.dir, name+"-"+size+".f32")
			if err := writeFloats(file, values); err != nil {
				return t, nil, err
			}
			args[name] = file
		}
		operations := 2 * float64(rows) * float64(in) * float64(out)
		for _, threads := range threadCounts() {
			args := with(args, map[string]any{"threads": threads})
			trials = append(trials, trial{
				setting: size + ", " + plural(threads), units: 1, width: out, operations: operations,
				contenders: s.against([]contender{
					packedProduct(threads, x, w, rows, in, out),
					plainProduct(threads, x, w, rows, in, out),
					peak(threads, operations),
				},
					job{"python", "NumPy, OpenBLAS", "product", exact, args},
					job{"torch", "PyTorch, MKL", "product", exact, args},
					job{"torch", "PyTorch, oneDNN packed", "packed product", exact, args},
				),
			})
		}
	}
	return t, trials, nil
}

func packedProduct(threads int, x, w []float32, rows, in, out int) contender {
	packed := tensor.Pack(tensor.Float32, w, nil, in, out)
	left, y := tensor.NewRows(packed, rows), make([]float32, rows*out)
	for i := range rows {
		copy(left.Row(i), x[i*in:(i+1)*in])
	}
	return ours("pairstream packed", threads, 1, &y, func() error {
		packed.Multiply(tensor.Matrix(y, rows, out), left, tensor.Epilogue{})
		return nil
	})
}

func plainProduct(threads int, x, w []float32, rows, in, out int) contender {
	y := make([]float32, rows*out)
	return ours("pairstream sgemm", threads, exact, &y, func() error {
		general := func(data []float32, rows, cols int) blas32.General {
			return blas32.General{Rows: rows, Cols: cols, Stride: cols, Data: data}
		}
		tensor.Gemm(blas.NoTrans, blas.Trans, 1, general(x, rows, in), general(w, out, in), 0, general(y, rows, out))
		return nil
	})
}

// peak is what the registers could do: our rate over its is our share of the peak.
func peak(threads int, operations float64) contender {
	return contender{name: "peak", run: func(time.Duration) (int, time.Duration, error) {
		defer setThreads(threads)()
		rates := make([]float64, threads)
		var all sync.WaitGroup
		for i := range rates {
			all.Go(func() { rates[i] = tensor.Peak(tensor.Float32) })
		}
		all.Wait()
		total := 0.0
		for _, r := range rates {
			total += r
		}
		if total == 0 {
			return 0, 0, fmt.Errorf("no peak is known of kernels in Go")
		}
		const calls = 1000
		return calls, time.Duration(calls * operations / total * float64(time.Second)), nil
	}}
}
