// Package tensor holds the numeric parts a transformer is made of, on float32 slices in row-major order.
// Shapes stand in each function's comment; (T, W) is T rows of W. Nothing here starts a goroutine but
// Parallel, and a row of a result depends, bit for bit, on that row's inputs alone (a sequence's, in Attention): how
// rows are batched and how many cores work on them cannot be seen in the numbers. Attention needs a width that
// is a multiple of four for that, since gonum's dot product adds up in an order that follows the alignment of its
// operand.
package tensor

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Linear is y = x·Wᵀ + b.
type Linear struct {
	in, out int
	weight  []float32 // (out, in)
	bias    []float32 // (out), or nil
}

// NewLinear keeps weight (out, in) and bias (out), which may be nil, without copying them.
func NewLinear(weight, bias []float32, in, out int) *Linear {
	if len(weight) != in*out || (bias != nil && len(bias) != out) {
		panic(fmt.Sprintf("tensor: linear %d to %d with %d weights and %d biases", in, out, len(weight), len(bias)))
	}
	return &Linear{in: in, out: out, weight: weight, bias: bias}
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

// tile keeps every product at one 64×64 block of gonum's, which it computes without goroutines of its own and
// as one dot product an element.
const tile = 64

// accumulate computes y (T, out) += x (T, in)·Wᵀ.
func (l *Linear) accumulate(y, x []float32, rows int) {
	for c := 0; c < l.out; c += tile {
		cols := min(tile, l.out-c)
		w := blas32.General{Rows: cols, Cols: l.in, Stride: l.in, Data: l.weight[c*l.in:]}
		for r := 0; r < rows; r += tile {
			n := min(tile, rows-r)
			blas32.Gemm(blas.NoTrans, blas.Trans,
				1, blas32.General{Rows: n, Cols: l.in, Stride: l.in, Data: x[r*l.in:]}, w,
				1, blas32.General{Rows: n, Cols: cols, Stride: l.out, Data: y[r*l.out+c:]})
		}
	}
}

// Add computes y += x, of one length.
func Add(y, x []float32) {
	for i, v := range x[:len(y)] {
		y[i] += v
	}
}
