package kernel

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// dyadic makes n values from -4 to 4 that every machine makes alike.
func dyadic(seed uint32, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		seed = seed*1664525 + 1013904223
		x[i] = float32(int32(seed)>>8) / (1 << 21)
	}
	return x
}

// TestSameBits holds the checksums of float32 results of one machine against those of another: AVX2, AVX-512 and NEON have
// the same bits, with tails and without.
func TestSameBits(t *testing.T) {
	const n = 16*5 + 11
	p := NewPairs(7.5, -0.3)
	sums := func(kernel func(y []float32)) uint32 {
		y := dyadic(9, n+32)
		kernel(y)
		sum, err := binary.Append(nil, binary.LittleEndian, y)
		if err != nil {
			t.Fatal(err)
		}
		return crc32.ChecksumIEEE(sum)
	}
	x, w, b, lo := dyadic(1, n), dyadic(2, n), dyadic(3, n), dyadic(4, n)
	for i := range lo {
		lo[i] /= 1 << 27
	}
	kernels := map[string]struct {
		want uint32
		run  func(y []float32)
	}{
		"QuickGELU":          {0x8f85f1d9, func(y []float32) { QuickGELU.Apply(y[:n], x) }},
		"GELU":               {0x250e512d, func(y []float32) { GELU.Apply(y[:n], x) }},
		"TanhGELU":           {0xf5ae6ffd, func(y []float32) { TanhGELU.Apply(y[:n], x) }},
		"QuickGELU backward": {0xd6e71f8f, func(y []float32) { QuickGELU.Backward(y[:n], w, x) }},
		"GELU backward":      {0xa03fda1d, func(y []float32) { GELU.Backward(y[:n], w, x) }},
		"layerNorm":          {0xb24db525, func(y []float32) { active.layerNorm(y[:n], x, w, b, 1e-5) }},
		"softmax":            {0xaac99daa, func(y []float32) { active.softmax(y[:n+5], n, 0.7) }},
		"store":              {0xb8a59dba, func(y []float32) { active.store(y, 19, x, 2, 19, 0.3, -2) }},
		"AdamW": {0xf2db8d30, func(y []float32) {
			v := make([]float32, n)
			ReLU.Apply(v, x)
			AdamW(y[:n], slices.Clone(w), v, b, 0.99, 1e-3, 0.1, 0.98, 0.02, 0.3, 1e-6)
		}},
		"AddExp":   {0xed191be0, func(y []float32) { y[n] = p.AddExp(y[:n], make([]float32, n), x, lo, 3) }},
		"Shares":   {0xf086aba7, func(y []float32) { y[n] = p.Shares(y[:n], make([]float32, n), w, x, lo, 3, 0.5) }},
		"Softplus": {0xdf3303c3, func(y []float32) { p.Softplus((*[16]float32)(y), x, lo) }},
		"Logistic": {0x2729391a, func(y []float32) { p.Logistic((*[32]float32)(y[n:]), y[:n], x, lo, 0.25) }},
		"Multiply": {0x41c33a90, func(y []float32) {
			weights := Pack(Float32, dyadic(5, 13*7), b[:7], 13, 7)
			rows := NewRows(weights, 7)
			for i := range 7 {
				copy(rows.Row(i), x[13*i:13*i+13])
			}
			weights.Multiply(blas32.General{Rows: 7, Cols: 7, Stride: 7, Data: y}, rows, Epilogue{Activation: GELU, Add: true})
		}},
		"Attention": {0x9ce57e49, func(y []float32) {
			qkv := blas32.General{Rows: 5, Cols: 18, Stride: 18, Data: x}
			Attention{Heads: 2, Causal: true}.Forward(blas32.General{Rows: 5, Cols: 6, Stride: 6, Data: y}, qkv, []Sequence{{Length: 5}})
		}},
	}
	eachLevel(t, func(t *testing.T) {
		if active == &generic {
			t.Skip("rounds more often")
		}
		for name, k := range kernels {
			if got := sums(k.run); got != k.want {
				t.Errorf("%s: %#08x, want %#08x", name, got, k.want)
			}
		}
	})
}
