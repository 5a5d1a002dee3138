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

// QuickGELUBackward computes dx = dy · (s + 1.702·x·s·(1-s)) with s = sigmoid(1.702·x), and y as QuickGELU does; dx
// may be dy.
func QuickGELUBackward(dx, y, dy, x []float32) {
	dx, y, dy = dx[:len(x)], y[:len(x)], dy[:len(x)]
	for i, v := range x {
		over := 1 + math.Exp(-1.702*float64(v))
		s := 1 / over
		y[i] = v / float32(over)
		dx[i] = dy[i] * float32(s+1.702*float64(v)*s*(1-s))
	}
}

// GELUBackward computes dx = dy · (Φ(x) + x·φ(x)) with the normal distribution Φ and its density φ, and y as GELU
// does; dx may be dy.
func GELUBackward(dx, y, dy, x []float32) {
	dx, y, dy = dx[:len(x)], y[:len(x)], dy[:len(x)]
	for i, v := range x {
		v := float64(v)
		twice := 1 + math.Erf(v/math.Sqrt2)
		y[i] = float32(0.5 * v * twice)
		dx[i] = dy[i] * float32(0.5*twice+v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi))
	}
}
