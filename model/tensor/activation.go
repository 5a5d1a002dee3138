package tensor

import (
	"math"

	"github.com/pairstream/pairstream/model/tensor/internal/kernel"
)

// QuickGELU computes y = x·sigmoid(1.702·x), the original model's activation; y may be x.
func QuickGELU(y, x []float32) { kernel.QuickGELU.Apply(y, x) }

// GELU computes y = x·Φ(x) with the exact normal distribution, not its tanh approximation; y may be x.
func GELU(y, x []float32) { kernel.GELU.Apply(y, x) }

// QuickGELUBackward computes dx = dy · (s + 1.702·y·(1-s)), where y is what QuickGELU makes of x, and so
// s = sigmoid(1.702·x) = y/x; dx may be dy.
func QuickGELUBackward(dx, dy, x, y []float32) {
	dx, dy, y = dx[:len(x)], dy[:len(x)], y[:len(x)]
	for i, v := range x {
		s := float32(0.5)
		if v != 0 {
			s = y[i] / v
		}
		dx[i] = dy[i] * (s + 1.702*y[i]*(1-s))
	}
}

// GELUBackward computes dx = dy · (Φ(x) + x·φ(x)) with the normal distribution Φ and its density φ, where y is what GELU
// makes of x, and so Φ(x) = y/x; dx may be dy.
func GELUBackward(dx, dy, x, y []float32) {
	dx, dy, y = dx[:len(x)], dy[:len(x)], y[:len(x)]
	for i, v := range x {
		below := float32(0.5)
		if v != 0 {
			below = y[i] / v
		}
		density := math.Exp(-float64(v)*float64(v)/2) / math.Sqrt(2*math.Pi)
		dx[i] = dy[i] * (below + v*float32(density))
	}
}
