package tensor

import "math"

// epsilon is added to the variance, as everywhere in CLIP.
const epsilon = 1e-5

// LayerNorm brings each row to mean 0 and variance 1, then scales and shifts it by column.
type LayerNorm struct {
	Weight, Bias []float32 // (W)
}

// Forward computes y (T, W) from x (T, W), which may be the same slice. Sums are kept in float64, so that the
// order of adding does not show.
func (n LayerNorm) Forward(y, x []float32) {
	width := len(n.Weight)
	bias := n.Bias[:width]
	for len(x) > 0 {
		in, out := x[:width], y[:width]
		var sum float64
		for _, v := range in {
			sum += float64(v)
		}
		mean := sum / float64(width)
		var squares float64
		for _, v := range in {
			d := float64(v) - mean
			squares += d * d
		}
		scale := 1 / math.Sqrt(squares/float64(width)+epsilon)
		for i, w := range n.Weight {
			out[i] = float32((float64(in[i])-mean)*scale)*w + bias[i]
		}
		x, y = x[width:], y[width:]
	}
}
