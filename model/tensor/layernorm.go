package tensor

import "math"

// epsilon is added to the variance, as everywhere in CLIP but where a LayerNorm says otherwise.
const epsilon = 1e-5

// LayerNorm brings each row to mean 0 and variance 1, then scales and shifts it by column.
type LayerNorm struct {
	Weight, Bias []float32 // (W)
	Epsilon      float32   // added to the variance; 0 means 1e-5
}

func (n LayerNorm) epsilon() float32 {
	if n.Epsilon == 0 {
		return epsilon
	}
	return n.Epsilon
}

// Forward computes y (T, W) from x (T, W), which may be the same slice. Sums are kept in float64, so that the
// order of adding does not show.
func (n LayerNorm) Forward(y, x []float32) {
	width := len(n.Weight)
	bias := n.Bias[:width]
	for len(x) > 0 {
		in, out := x[:width], y[:width]
		mean, scale := n.moments(in)
		for i, w := range n.Weight {
			out[i] = float32((float64(in[i])-mean)*scale)*w + bias[i]
		}
		x, y = x[width:], y[width:]
	}
}

// moments gives the mean of a row and one over its standard deviation.
func (n LayerNorm) moments(row []float32) (mean, scale float64) {
	width := float64(len(row))
	mean = total(row) / width
	return mean, 1 / math.Sqrt(squares(row, mean)/width+float64(n.epsilon()))
}

// total adds up a row. Four sums run side by side, since an addition takes as long as four can overlap; squares does
// the same with the squares of what differs from mean.
func total(row []float32) float64 {
	var a, b, c, d float64
	for ; len(row) >= 4; row = row[4:] {
		a += float64(row[0])
		b += float64(row[1])
		c += float64(row[2])
		d += float64(row[3])
	}
	for _, v := range row {
		a += float64(v)
	}
	return (a + b) + (c + d)
}

func squares(row []float32, mean float64) float64 {
	var a, b, c, d float64
	square := func(v float32) float64 { return (float64(v) - mean) * (float64(v) - mean) }
	for ; len(row) >= 4; row = row[4:] {
		a += square(row[0])
		b += square(row[1])
		c += square(row[2])
		d += square(row[3])
	}
	for _, v := range row {
		a += square(v)
	}
	return (a + b) + (c + d)
}

// BackwardInput adds the gradient of Forward for x to dx (T, W): with n = (x-mean)·scale and y = n·w + b,
//
//	dn = dy·w
//	dx += scale · (dn - mean(dn) - n·mean(dn·n))
func (n LayerNorm) BackwardInput(dx, dy, x []float32) {
	width := len(n.Weight)
	for len(x) > 0 {
		in, grad, out := x[:width], dy[:width], dx[:width]
		mean, scale := n.moments(in)
		var sum, along float64
		for i, w := range n.Weight {
			dn := float64(grad[i]) * float64(w)
			sum += dn
			along += dn * (float64(in[i]) - mean) * scale
		}
		sum, along = sum/float64(width), along/float64(width)
		for i, w := range n.Weight {
			norm := (float64(in[i]) - mean) * scale
			out[i] += float32(scale * (float64(grad[i])*float64(w) - sum - norm*along))
		}
		dx, dy, x = dx[width:], dy[width:], x[width:]
	}
}

// BackwardWeight adds the gradients of Forward for the weights and the biases: dw (W) += Σ dy·n, db (W) += Σ dy.
func (n LayerNorm) BackwardWeight(dw, db, dy, x []float32) {
	BackwardBias(db, dy)
	width := len(n.Weight)
	sums := make([]float64, width)
	for len(x) > 0 {
		mean, scale := n.moments(x[:width])
		for i, v := range x[:width] {
			sums[i] += float64(dy[i]) * (float64(v) - mean) * scale
		}
		dy, x = dy[width:], x[width:]
	}
	for i, sum := range sums {
		dw[i] += float32(sum)
	}
}
