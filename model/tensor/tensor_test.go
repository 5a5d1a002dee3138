package tensor

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"sync/atomic"
	"testing"
)

// golden reads what PyTorch computed; testdata/make_golden.py says how.
func golden(t *testing.T, name string) []float32 {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]float32
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if len(all[name]) == 0 {
		t.Fatalf("no golden values of %s", name)
	}
	return all[name]
}

// wave is the input that make_golden.py uses too.
func wave(n int, scale, phase, offset float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(scale)*float32(math.Sin(0.7*float64(i)+phase)) + float32(offset)
	}
	return x
}

// near compares with a tolerance for values of size about 1, or relative to larger ones: tens of roundings.
func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		if diff := math.Abs(float64(got[i] - w)); !(diff <= 2e-6*max(1, math.Abs(float64(w)))) {
			t.Errorf("%s: value %d is %v, want %v", what, i, got[i], w)
			return
		}
	}
}

func TestActivations(t *testing.T) {
	x := []float32{-100, -10, -3, -1.5, -0.5, -1e-3, 0, 1e-3, 0.5, 1.5, 3, 10, 100}
	y := make([]float32, len(x))
	GELU(y, x)
	near(t, "GELU", y, golden(t, "gelu"))
	QuickGELU(y, x)
	near(t, "QuickGELU", y, golden(t, "quick_gelu"))
	QuickGELU(x, x)
	if !slices.Equal(x, y) {
		t.Errorf("QuickGELU in place gives %v, want %v", x, y)
	}
}

func TestLayerNorm(t *testing.T) {
	n := LayerNorm{Weight: wave(24, 1, 1, 0), Bias: wave(24, 1, 2, 0)}
	x := wave(4*24, 3, 0, 2)
	y := make([]float32, len(x))
	n.Forward(y, x)
	near(t, "LayerNorm", y, golden(t, "layer_norm"))
	n.Forward(x, x)
	if !slices.Equal(x, y) {
		t.Error("LayerNorm in place gives other values")
	}
}

func TestLinear(t *testing.T) {
	const in, out = 70, 67 // over a tile's 64, and not a multiple of four
	l := NewLinear(wave(out*in, 1, 1, 0), wave(out, 1, 2, 0), in, out)
	x, want := wave(5*in, 1, 0, 0), golden(t, "linear")
	y := make([]float32, 5*out)
	l.Forward(y, x)
	near(t, "Linear", y, want)

	for i := range y {
		y[i] = 1
	}
	l.ForwardAdd(y, x)
	for i := range y {
		y[i]--
	}
	near(t, "Linear on top", y, want)
}

// TestLinearRows checks that a row's result does not depend on the rows around it.
func TestLinearRows(t *testing.T) {
	const in, out, rows = 65, 66, 131
	l := NewLinear(wave(out*in, 1, 1, 0), nil, in, out)
	x := wave(rows*in, 1, 0, 0)
	all, one := make([]float32, rows*out), make([]float32, out)
	l.Forward(all, x)
	for r := range rows {
		l.Forward(one, x[r*in:(r+1)*in])
		if !slices.Equal(one, all[r*out:(r+1)*out]) {
			t.Fatalf("row %d of %d alone gives other values", r, rows)
		}
	}
}

func TestAttention(t *testing.T) {
	const length, width = 70, 12
	for name, causal := range map[string]bool{"attention": false, "attention_causal": true} {
		a := Attention{Width: width, Heads: 3, Causal: causal}
		qkv, want := wave(length*3*width, 2, 0, 0), golden(t, name)
		out, scores := make([]float32, length*width), make([]float32, length*length)
		a.Forward(out, qkv, scores, 0)
		near(t, name, out, want)
		for _, rows := range [][2]int{{0, 1}, {69, 70}, {3, 68}} {
			part := make([]float32, (rows[1]-rows[0])*width)
			a.Forward(part, qkv, scores, rows[0])
			if !slices.Equal(part, out[rows[0]*width:rows[1]*width]) {
				t.Errorf("%s: rows %v alone give other values", name, rows)
			}
		}
	}
}

func TestParallel(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100} {
		var sum atomic.Int64
		Parallel(n, func(i int) { sum.Add(int64(i) + 1) })
		if want := int64(n * (n + 1) / 2); sum.Load() != want {
			t.Errorf("Parallel(%d) did work %d, want %d", n, sum.Load(), want)
		}
	}
}

func TestParallelPanic(t *testing.T) {
	defer func() {
		if r := recover(); r != "bad row" {
			t.Errorf("recovered %v, want bad row", r)
		}
	}()
	Parallel(100, func(i int) {
		if i == 50 {
			panic("bad row")
		}
	})
}
