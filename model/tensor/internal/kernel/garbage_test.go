//go:build !race

package kernel

import (
	"testing"

	"gonum.org/v1/gonum/blas"
)

// TestGarbage checks that what runs for every batch allocates nothing (but under the race detector,
// where a sync.Pool forgets at random).
func TestGarbage(t *testing.T) {
	const in, out, n = 64, 64 * 3, 40
	weight, bias := random(1, in), random(2, in)
	w := Pack(Int8, random(3, in*out), nil, in, out)
	rows, x, qkv, mixed := NewRows(w, n), matrix(4, n, in, in), matrix(5, n, out, out), matrix(6, n, in, in)
	sequences := []Sequence{{Length: n}}
	single, one := PackSingleQuery(Float32, 2, random(9, in*in), random(10, in*in), bias), matrix(11, 1, in, in)
	convolution, half := PackConvolution(Int8, random(7, 9*in*in), nil, in, in, 1), matrix(8, n/4, in, in)
	window := convolution.NewRows(n)
	if allocs := testing.AllocsPerRun(100, func() {
		LayerNorm(x, x, weight, bias, 1e-5)
		rows.LayerNorm(x, weight, bias, 1e-5)
		rows.Quantise(n)
		w.Multiply(qkv, rows, Epilogue{Activation: GELU})
		Attention{Heads: 2}.Forward(mixed, qkv, sequences)
		single.Forward(one, one, x, sequences)
		Sgemm(blas.NoTrans, blas.Trans, n, n, in, 1, x.Data, in, mixed.Data, in, 0, qkv.Data, out)
		convolution.Forward(mixed, x, 4, n/4, window, Epilogue{Activation: ReLU})
		Average(half, x, 4, n/4)
	}); allocs >= 1 {
		t.Errorf("%v allocations", allocs)
	}
}
