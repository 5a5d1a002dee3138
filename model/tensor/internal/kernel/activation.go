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
		f(y, x)
	} else {
		copy(y, x)
	}
}

func quickGELU(y, x []float32) {
	for i, v := range x {
		v := float64(v)
		y[i] = float32(v / (1 + math.Exp(-1.702*v)))
	}
}

func gelu(y, x []float32) {
	for i, v := range x {
		v := float64(v)
		y[i] = float32(0.5 * v * math.Erfc(-v/math.Sqrt2))
	}
}

func tanhGELU(y, x []float32) {
	for i, v := range x {
		v := float64(v)
		y[i] = float32(0.5 * v * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(v+0.044715*v*v*v))))
	}
}

func relu(y, x []float32) {
	for i, v := range x {
		y[i] = max(v, 0)
	}
}

// Add computes y += x, of one length.
func Add(y, x []float32) { active.add(y[:len(x)], x) }

func add(y, x []float32) {
	for i, v := range x {
		y[i] += v
	}
}
