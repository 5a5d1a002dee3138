package kernel

import "math"

// layerNorm brings a row to mean 0 and variance 1, then scales and shifts it by column; y may be x. Sums are in float64
// here, in 16 lanes of float32 on the others.
func layerNorm(y, x, weight, bias []float32, epsilon float32) {
	var sum float64
	for _, v := range x {
		sum += float64(v)
	}
	mean := sum / float64(len(x))
	var squares float64
	for _, v := range x {
		d := float64(v) - mean
		squares += float64(d * d)
	}
	scale := 1 / math.Sqrt(squares/float64(len(x))+float64(epsilon))
	for i, v := range x {
		y[i] = float32(float32((float64(v)-mean)*scale)*weight[i]) + bias[i]
	}
}

// softmax replaces the first n of x by e^(scale·x) / Σ e^(scale·x), and the rest by zeros.
func softmax(x []float32, n int, scale float32) {
	top := x[0]
	for _, v := range x[:n] {
		top = max(top, v)
	}
	var sum float64
	for i, v := range x[:n] {
		e := math.Exp(float64((v - top) * scale))
		x[i] = float32(e)
		sum += e
	}
	share := float32(1 / sum)
	for i := range x[:n] {
		x[i] *= share
	}
	clear(x[n:])
}
