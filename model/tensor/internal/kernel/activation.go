package kernel

import "math"

// Activation is a function that a product may end with.
type Activation uint8

const (
	// Identity is none.
	Identity Activation = iota
	// QuickGELU is x·sigmoid(1.702·x), the original model's.
	QuickGELU
	// GELU is x·Φ(x), with the normal distribution.
	GELU
	// TanhGELU is GELU by its tanh approximation.
	TanhGELU
	// ReLU is max(x, 0).
	ReLU
)

// Apply computes y from x, of one length; y may be x.
func (a Activation) Apply(y, x []float32) {
	y = y[:len(x)]
	if f := active.activations[a]; f != nil {
		f(y, len(y), x, len(x), 1, len(x))
	} else {
		copy(y, x)
	}
}

// An elementwise function computes rows of y (rows, cols), ldy apart, from those of x, ldx apart, value by value.
type elementwise func(y []float32, ldy int, x []float32, ldx, rows, cols int)

func ofValues(f func(v float64) float64) elementwise {
	return func(y []float32, ldy int, x []float32, ldx, rows, cols int) {
		for r := range rows {
			out := y[r*ldy:][:cols]
			for i, v := range x[r*ldx:][:cols] {
				out[i] = float32(f(float64(v)))
			}
		}
	}
}

func quickGELU(v float64) float64 { return v / (1 + math.Exp(-1.702*v)) }

func gelu(v float64) float64 { return 0.5 * v * math.Erfc(-v/math.Sqrt2) }

func tanhGELU(v float64) float64 {
	return 0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v)))
}

func relu(v float64) float64 { return max(v, 0) }

// Add computes y += x, of one length.
func Add(y, x []float32) { active.add(y[:len(x)], x) }

func add(y, x []float32) {
	for i, v := range x {
		y[i] += v
	}
}
