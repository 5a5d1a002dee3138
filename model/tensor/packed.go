package tensor

import (
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor/internal/kernel"
	"github.com/pairstream/pairstream/model/tensor/internal/pool"
)

// What inference is made of: weights packed once for one precision, rows that are quantised for them, and operations
// that end in one another. They use all processors by themselves, and share them among callers.
type (
	// Precision is how weights and activations are held for a product.
	Precision = kernel.Precision
	// Packed is the weights and bias of y = x·Wᵀ + b.
	Packed = kernel.Weights
	// Rows is the x of such products.
	Rows = kernel.Rows
	// Share is some columns of Rows, one processor's.
	Share = kernel.Share
	// Activation is a function that a product may end with.
	Activation = kernel.Activation
	// Epilogue is what happens to a product on its way to memory.
	Epilogue = kernel.Epilogue
	// Convolution is a 3×3 convolution with packed weights.
	Convolution = kernel.Convolution
	// MultiHead is attention over sequences of packed rows.
	MultiHead = kernel.Attention
	// SingleQuery is such attention where one row of each asks.
	SingleQuery = kernel.SingleQuery
	// Sequence is the place of one of them.
	Sequence = kernel.Sequence
)

// The precisions.
const (
	Float32 = kernel.Float32
	Int16   = kernel.Int16
	Int8    = kernel.Int8
)

// Panel is what the columns that are somebody's share begin at multiples of.
const Panel = kernel.Panel

// The activations that a product may end with.
const (
	ActivateQuickGELU = kernel.QuickGELU
	ActivateGELU      = kernel.GELU
	ActivateTanhGELU  = kernel.TanhGELU
	ActivateReLU      = kernel.ReLU
)

// Pack lays weight (out, in) and bias (out), which may be nil, out for products of a precision. Inputs that are apart, if
// any, are multiplied in float32 whatever it is.
func Pack(p Precision, weight, bias []float32, in, out int, apart ...int) *Packed {
	return kernel.Pack(p, weight, bias, in, out, apart...)
}

// PackSingleQuery lays the projections of keys and values (W → 2W), first those of keys, out for products of a precision.
func PackSingleQuery(p Precision, heads int, keys *Linear) *SingleQuery {
	size := keys.in * keys.in
	return kernel.PackSingleQuery(p, heads, keys.weight[:size], keys.weight[size:], keys.bias[keys.in:], keys.apart...)
}

// PackConvolution lays weight (out, channels, 3, 3) and bias (out) out for products of a precision.
func PackConvolution(p Precision, weight, bias []float32, channels, out, stride int) *Convolution {
	return kernel.PackConvolution(p, weight, bias, channels, out, stride)
}

// Average halves pictures: y (N·H/2·W/2, C) are the means of squares of 2×2 pixels of x (N·H·W, C).
func Average(y, x blas32.General, height, width int) { kernel.Average(y, x, height, width) }

// Peak measures how many additions and multiplications a second one processor could do at most in products of a
// precision; 0 where the kernels are in Go.
func Peak(p Precision) float64 { return kernel.Peak(p) }

// NewRows makes n rows for products with weights like w.
func NewRows(w *Packed, n int) *Rows { return kernel.NewRows(w, n) }

// Matrix views x (rows, cols) as the kernels take it.
func Matrix(x []float32, rows, cols int) blas32.General { return matrix(x, rows, cols, cols) }

// Normalize computes y from x, which may be the same: LayerNorm.Forward, on all processors.
func (n LayerNorm) Normalize(y, x blas32.General) {
	kernel.LayerNorm(y, x, n.Weight, n.Bias, n.epsilon())
}

// NormalizeRows sets the first of some rows to the normalised rows of x, ready for products.
func (n LayerNorm) NormalizeRows(y *Rows, x blas32.General) {
	y.LayerNorm(x, n.Weight, n.Bias, n.epsilon())
}

// NormalizeRowsHere is NormalizeRows on the goroutine at hand.
func (n LayerNorm) NormalizeRowsHere(y *Rows, x blas32.General) {
	y.LayerNormHere(x, n.Weight, n.Bias, n.epsilon())
}

// Split calls work(0) … work(n-1) on the processors that are free.
func Split(n int, work func(i int)) { pool.Run(n, pool.Func(work)) }

// SplitNested is Split for work that is made of products and the like, which split themselves.
func SplitNested(n int, work func(i int)) { pool.RunNested(n, pool.Func(work)) }

// SplitPhases calls work(0, 0) … work(0, n-1) on the processors that are free, then work(1, 0) … work(1, n-1), and so on. A
// processor mostly has the same i in all phases.
func SplitPhases(phases, n int, work func(phase, i int)) { pool.RunPhases(phases, n, work) }

// Interleave turns planes x (C, N) into rows y (N, C).
func Interleave(y, x []float32, channels int) {
	n := len(x) / channels
	for c := range channels {
		for i, v := range x[c*n : (c+1)*n] {
			y[i*channels+c] = v
		}
	}
}
