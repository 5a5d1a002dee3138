package tensor

import "math"

// QuickGELU computes y = x·sigmoid(1.702·x), the original model's activation; y may be x.
func QuickGELU(y, x []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = v / float32(1+math.Exp(-1.702*float64(v)))
	}
}

// GELU computes y = x·Φ(x) with the exact normal distribution, not its tanh approximation; y may be x.
func GELU(y, x []float32) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] = float32(0.5 * float64(v) * (1 + math.Erf(float64(v)/math.Sqrt2)))
	}
}
