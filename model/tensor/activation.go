package tensor

import "github.com/pairstream/pairstream/model/tensor/internal/kernel"

// QuickGELU computes y = x·sigmoid(1.702·x), the original model's activation; y may be x.
func QuickGELU(y, x []float32) { kernel.QuickGELU.Apply(y, x) }

// GELU computes y = x·Φ(x) with the exact normal distribution, not its tanh approximation; y may be x.
func GELU(y, x []float32) { kernel.GELU.Apply(y, x) }

// QuickGELUBackward computes dx = dy·(s + 1.702·x·s·(1-s)) with s = sigmoid(1.702·x), from what QuickGELU was given; dx may
// be dy.
func QuickGELUBackward(dx, dy, x []float32) { kernel.QuickGELU.Backward(dx, dy, x) }

// GELUBackward computes dx = dy·(Φ(x) + x·φ(x)) with the normal distribution Φ and its density φ, from what GELU was given;
// dx may be dy.
func GELUBackward(dx, dy, x []float32) { kernel.GELU.Backward(dx, dy, x) }
