package tensor

import (
	"math"
	"slices"
	"testing"
)

// fifth is what make_golden.py keeps of a gradient of more than a hundred values.
func fifth(x []float32) (some []float32) {
	if len(x) <= 100 {
		return x
	}
	for i := 0; i < len(x); i += 5 {
		some = append(some, x[i])
	}
	return some
}

// nearGolden prints the largest difference to PyTorch's gradient, and judges it as near does.
func nearGolden(t *testing.T, name string, got []float32) {
	t.Helper()
	got, want, worst := fifth(got), golden(t, name), 0.0
	for i, w := range want[:min(len(want), len(got))] {
		worst = max(worst, math.Abs(float64(got[i]-w)))
	}
	t.Logf("%-24s max difference %.2g", name, worst)
	near(t, name, got, want)
}

func TestActivationsBackward(t *testing.T) {
	x := []float32{-100, -10, -3, -1.5, -0.5, -1e-3, 0, 1e-3, 0.5, 1.5, 3, 10, 100}
	for name, backward := range map[string]func(dx, dy, x []float32){"gelu": GELUBackward, "quick_gelu": QuickGELUBackward} {
		dx := wave(len(x), 1, 3, 0)
		backward(dx, dx, x)
		nearGolden(t, name+"_dx", dx)
	}
}

func TestLayerNormBackward(t *testing.T) {
	n := LayerNorm{Weight: wave(24, 1, 1, 0), Bias: wave(24, 1, 2, 0)}
	x, dy := wave(4*24, 3, 0, 2), wave(4*24, 1, 3, 0)
	dx, dw, db := make([]float32, len(x)), make([]float32, 24), make([]float32, 24)
	n.BackwardInput(dx, dy, x)
	n.BackwardWeight(dw, db, dy, x)
	nearGolden(t, "layer_norm_dx", dx)
	nearGolden(t, "layer_norm_dw", dw)
	nearGolden(t, "layer_norm_db", db)
}

func TestLinearBackward(t *testing.T) {
	const in, out, rows = 70, 67, 5
	l := NewLinear(wave(out*in, 1, 1, 0), wave(out, 1, 2, 0), in, out)
	x, dy := wave(rows*in, 1, 0, 0), wave(rows*out, 1, 3, 0)
	dx, dw, db := make([]float32, rows*in), make([]float32, out*in), make([]float32, out)
	l.BackwardInput(dx, dy)
	for from := 0; from < out; from += 30 { // the parts a caller cuts it into leave no trace
		BackwardWeight(dw, dy, x, out, in, from, min(out, from+30))
	}
	BackwardBias(db, dy)
	nearGolden(t, "linear_dinput", dx)
	nearGolden(t, "linear_dweight", dw)
	nearGolden(t, "linear_dbias", db)

	whole := make([]float32, out*in)
	BackwardWeight(whole, dy, x, out, in, 0, out)
	if !slices.Equal(whole, dw) {
		t.Error("the gradient in parts has other bits than the whole")
	}
}

func TestNormalize(t *testing.T) {
	x, dx := wave(4*24, 3, 0, 2), wave(4*24, 1, 3, 0)
	NormalizeBackward(dx, dx, x, 24)
	nearGolden(t, "normalize_dx", dx)
	Normalize(x, x, 24)
	for row := range slices.Chunk(x, 24) {
		if l := length(row); math.Abs(l-1) > 1e-6 {
			t.Errorf("length %v", l)
		}
	}
	zero := make([]float32, 3)
	Normalize(zero, zero, 3)
	if !slices.Equal(zero, make([]float32, 3)) {
		t.Errorf("a row of zeros becomes %v", zero)
	}
}

func TestAttentionBackward(t *testing.T) {
	const rows, width = 70, 12
	for _, c := range []struct {
		name       string
		causal     bool
		first, end int
	}{
		{"attention_dqkv", false, 0, rows},
		{"attention_causal_dqkv", true, 0, rows},
		{"attention_rows_dqkv", true, 66, 69},
	} {
		a := Attention{Width: width, Heads: 3, Causal: c.causal}
		dqkv, scores := wave(rows*3*width, 1, 5, 0), make([]float32, 2*rows*rows)
		a.Backward(dqkv, wave((c.end-c.first)*width, 1, 3, 0), wave(rows*3*width, 2, 0, 0), scores, c.first)
		nearGolden(t, c.name, dqkv)
	}
}

// TestBackwardSlopes compares with central differences; float32 leaves them three digits.
func TestBackwardSlopes(t *testing.T) {
	const rows, width, step = 6, 8, 1e-2
	a := Attention{Width: width, Heads: 2, Causal: true}
	scores, out, dout := make([]float32, 2*rows*rows), make([]float32, rows*width), wave(rows*width, 1, 3, 0)
	qkv, dqkv := wave(rows*3*width, 1, 0, 0), make([]float32, rows*3*width)
	a.Backward(dqkv, dout, qkv, scores, 0)
	loss := func() (sum float64) {
		a.Forward(out, qkv, scores, 0)
		for i, v := range out {
			sum += float64(v) * float64(dout[i])
		}
		return sum
	}
	for i := range qkv {
		old := qkv[i]
		qkv[i] = old + step
		up := loss()
		qkv[i] = old - step
		down := loss()
		qkv[i] = old
		if slope := (up - down) / (2 * step); math.Abs(slope-float64(dqkv[i])) > 1e-3 {
			t.Errorf("dqkv[%d] is %.5f, but the slope %.5f", i, dqkv[i], slope)
		}
	}
}
