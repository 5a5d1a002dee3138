package tensor

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSmooth checks that a smoothed pair computes the same bits, and is closer to them in int8 where a few channels
// are forty times the others: here by a factor of 15 in the squares.
func TestSmooth(t *testing.T) {
	const in, out, rows = 96, 64, 5
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	n, l, x := LayerNorm{Weight: random(in), Bias: random(in), Epsilon: 0.5}, NewLinear(random(in*out), random(out), in, out), random(rows*in)
	for i := range n.Weight {
		n.Weight[i] = 1 + n.Weight[i]/8
	}
	n.Weight[7], n.Weight[50] = 40, -40
	smooth, behind := Smooth(n, l, new([]float32))
	var y [2][]float32
	for i, c := range []struct {
		norm   LayerNorm
		linear *Linear
	}{{n, l}, {smooth, behind}} {
		normal := make([]float32, rows*in)
		y[i] = make([]float32, rows*out)
		c.norm.Forward(normal, x)
		c.linear.Forward(y[i], normal)
	}
	for i, v := range y[1] {
		if math.Float32bits(v) != math.Float32bits(y[0][i]) {
			t.Fatalf("value %d is %v, want %v", i, v, y[0][i])
		}
	}
	loss := func(n LayerNorm, l *Linear) (sum float64) {
		w := l.Pack(Int8)
		q, got := NewRows(w, rows), make([]float32, rows*out)
		n.NormalizeRows(q, Matrix(x, rows, in))
		w.Multiply(Matrix(got, rows, out), q, Epilogue{})
		for i, v := range got {
			sum += math.Pow(float64(v-y[0][i]), 2)
		}
		return sum
	}
	if before, after := loss(n, l), loss(smooth, behind); !(after < before/10) {
		t.Errorf("squared error in int8 is %.3g, not much less than %.3g without smoothing", after, before)
	} else {
		t.Logf("squared error in int8: %.3g, and %.3g without smoothing", after, before)
	}
}
