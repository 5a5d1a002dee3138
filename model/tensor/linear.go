// Package tensor holds the numeric parts a transformer is made of, on float32 slices in row-major order.
// Shapes stand in each function's comment; (T, W) is T rows of W. There are two sorts: what training uses, each
// operation with its gradient beside it, and in packed.go what inference uses, packed and fused.
//
// A row of a result depends, bit for bit, on that row's inputs alone (a sequence's, in attention): how rows are batched
// and how many cores work on them cannot be seen in the numbers.
package tensor

import (
	"fmt"

	"gonum.org/v1/gonum/blas"

	"github.com/pairstream/pairstream/model/tensor/internal/kernel"
)

// Linear is y = x·Wᵀ + b.
type Linear struct {
	in, out int
	weight  []float32 // (out, in)
	bias    []float32 // (out), or nil
	apart   []int     // inputs that Smooth keeps out of integer products
}

// NewLinear keeps weight (out, in) and bias (out), which may be nil, without copying them.
func NewLinear(weight, bias []float32, in, out int) *Linear {
	if len(weight) != in*out || (bias != nil && len(bias) != out) {
		panic(fmt.Sprintf("tensor: linear %d to %d with %d weights and %d biases", in, out, len(weight), len(bias)))
	}
	return &Linear{in: in, out: out, weight: weight, bias: bias}
}

// Pack lays the weights out for products of a precision.
func (l *Linear) Pack(p Precision) *Packed { return Pack(p, l.weight, l.bias, l.in, l.out, l.apart...) }

// Part is the linear to the outputs from ≤ o < to.
func (l *Linear) Part(from, to int) *Linear {
	part := NewLinear(l.weight[from*l.in:to*l.in], nil, l.in, to-from)
	if l.bias != nil {
		part.bias = l.bias[from:to]
	}
	part.apart = l.apart
	return part
}

// Forward computes y (T, out) = x (T, in)·Wᵀ + b. T is len(x)/in; y and x must not overlap.
func (l *Linear) Forward(y, x []float32) {
	rows := l.rows(y, x)
	if l.bias == nil {
		clear(y)
	} else {
		for r := range rows {
			copy(y[r*l.out:], l.bias)
		}
	}
	l.accumulate(y, x, rows)
}

// ForwardAdd computes y (T, out) += x (T, in)·Wᵀ + b: a residual branch.
func (l *Linear) ForwardAdd(y, x []float32) {
	rows := l.rows(y, x)
	if l.bias != nil {
		for r := range rows {
			Add(y[r*l.out:(r+1)*l.out], l.bias)
		}
	}
	l.accumulate(y, x, rows)
}

func (l *Linear) rows(y, x []float32) int {
	rows := len(x) / l.in
	if len(x) != rows*l.in || len(y) != rows*l.out {
		panic(fmt.Sprintf("tensor: linear %d to %d from %d to %d values", l.in, l.out, len(x), len(y)))
	}
	return rows
}

// accumulate computes y (T, out) += x (T, in)·Wᵀ.
func (l *Linear) accumulate(y, x []float32, rows int) {
	GemmHere(blas.NoTrans, blas.Trans, 1, matrix(x, rows, l.in, l.in), matrix(l.weight, l.out, l.in, l.in),
		1, matrix(y, rows, l.out, l.out))
}

// BackwardInput is the gradient of Forward and ForwardAdd for x: dx (T, in) = dy (T, out)·W.
func (l *Linear) BackwardInput(dx, dy []float32) {
	rows := l.rows(dy, dx)
	GemmHere(blas.NoTrans, blas.NoTrans, 1, matrix(dy, rows, l.out, l.out), matrix(l.weight, l.out, l.in, l.in),
		0, matrix(dx, rows, l.in, l.in))
}

// BackwardWeight is the gradient of y (T, out) = x (T, in)·Wᵀ for the rows from ≤ o < to of W:
// dw (out, in) += dyᵀ·x. The T parts are added up in their order.
func BackwardWeight(dw, dy, x []float32, out, in, from, to int) {
	rows := len(x) / in
	if rows == 0 || from == to {
		return
	}
	GemmHere(blas.Trans, blas.NoTrans, 1, matrix(dy[from:], rows, to-from, out), matrix(x, rows, in, in),
		1, matrix(dw[from*in:], to-from, in, in))
}

// BackwardBias is the gradient of adding b (out) to each row of y (T, out): db += Σ dy.
func BackwardBias(db, dy []float32) {
	sums := make([]float64, len(db))
	for ; len(dy) > 0; dy = dy[len(db):] {
		for i, v := range dy[:len(db)] {
			sums[i] += float64(v)
		}
	}
	for i, sum := range sums {
		db[i] += float32(sum)
	}
}

// Add computes y += x, of one length.
func Add(y, x []float32) { kernel.Add(y, x) }
