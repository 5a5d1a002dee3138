package kernel

import (
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor/internal/pool"
)

// SingleQuery is multi-head attention in which one row of each sequence asks. It has the projections of keys and values
// in it, since they need not be computed for every row: with a row x, its key Wk·x + bk and its value Wv·x + bv,
//
//	q·(Wk·x + bk) = (Wkᵀ·q)·x + q·bk    where q·bk is the same for all rows, so that softmax does not see it
//	Σ p·(Wv·x + bv) = Wv·(Σ p·x) + bv   since Σ p = 1
//
// A head then works on the rows as they are, and each projection on one row a sequence.
type SingleQuery struct {
	width        int
	keys, values []*Weights // (dim → W) and (W → dim), a head each
	calls        sync.Pool  // of *single
}

// single is one call of Forward. Its pieces are sequences. Row N·h + i is of head h and sequence i.
type single struct {
	heads         int
	x             blas32.General
	sequences     []Sequence
	queries, seen *Rows // (N·heads, dim); (N·heads, W): what each head looks for, and then what it sees
	view          Rows  // of one head's rows of these
}

var scores = sync.Pool{New: func() any { return new([]float32) }}

// PackSingleQuery lays out, for products of a precision, the projections of keys and values, (W, W) by rows, and the bias
// (W) of values; that of keys has no effect. Columns of values that are apart are multiplied in float32.
func PackSingleQuery(p Precision, heads int, keys, values, bias []float32, apart ...int) *SingleQuery {
	width := len(bias)
	if heads < 1 || width%heads != 0 || len(keys) != width*width || len(values) != width*width {
		panic(fmt.Sprintf("kernel: %d heads of width %d with %d and %d weights", heads, width, len(keys), len(values)))
	}
	dim := width / heads
	s := &SingleQuery{width: width}
	turned := make([]float32, dim*width)
	for h := range heads {
		part := keys[h*dim*width : (h+1)*dim*width]
		active.transpose(turned, dim, part, width, dim, width)
		s.keys = append(s.keys, Pack(p, turned, nil, dim, width))
		s.values = append(s.values, Pack(p, values[h*dim*width:(h+1)*dim*width], bias[h*dim:(h+1)*dim], width, dim, apart...))
	}
	return s
}

// Forward computes out (N, W) = softmax(q·kᵀ/√dim)·v for N sequences among the rows of x (T, W), from row Start on and so
// many as Length. Row i of q (N, W) asks the i-th of them. A result depends on that row and that sequence alone.
func (a *SingleQuery) Forward(out, q, x blas32.General, sequences []Sequence) {
	n, heads, width := len(sequences), len(a.keys), a.width
	if out.Rows != n || q.Rows != n || out.Cols != width || q.Cols != width || x.Cols != width {
		panic(fmt.Sprintf("kernel: %d sequences of width %d from (%d, %d) to (%d, %d) for (%d, %d)", n, width,
			x.Rows, x.Cols, out.Rows, out.Cols, q.Rows, q.Cols))
	}
	for _, s := range sequences {
		if s.Start < 0 || s.Length < 1 || s.Start+s.Length > x.Rows {
			panic(fmt.Sprintf("kernel: sequence %+v among %d rows", s, x.Rows))
		}
	}
	if n == 0 {
		return
	}
	j := a.call(n)
	j.x, j.sequences = x, sequences
	dim := width / heads
	for h := range heads {
		for i := range n {
			copy(j.queries.Row(h*n+i), q.Data[i*q.Stride+h*dim:])
		}
	}
	j.queries.Quantise(n * heads)
	for h, w := range a.keys {
		seen := blas32.General{Rows: n, Cols: width, Stride: j.seen.stride, Data: j.seen.float32s[h*n*j.seen.stride:]}
		w.Multiply(seen, j.head(j.queries, h), Epilogue{})
	}
	pool.Run(n, j)
	j.seen.Quantise(n * heads)
	for h, w := range a.values {
		w.Multiply(blas32.General{Rows: n, Cols: dim, Stride: out.Stride, Data: out.Data[h*dim:]}, j.head(j.seen, h), Epilogue{})
	}
	j.x, j.sequences = blas32.General{}, nil
	a.calls.Put(j)
}

// call returns what a call for n sequences needs.
func (a *SingleQuery) call(n int) *single {
	heads := len(a.keys)
	j, _ := a.calls.Get().(*single)
	if j == nil {
		j = &single{heads: heads}
	}
	if j.queries == nil || len(j.queries.float32s) < n*heads*j.queries.stride {
		j.queries, j.seen = NewRows(a.keys[0], n*heads), NewRows(a.values[0], n*heads)
	}
	return j
}

// head views the rows of one head as the left-hand side of a product.
func (j *single) head(rows *Rows, head int) *Rows {
	j.view = rows.From(head * len(j.sequences))
	return &j.view
}

// Do puts what the heads see of a sequence in the place of what they look for.
func (j *single) Do(piece int) {
	s, width := j.sequences[piece], j.x.Cols
	rows, stride := j.x.Data[s.Start*j.x.Stride:], len(j.sequences)*j.seen.stride
	seen := j.seen.float32s[piece*j.seen.stride:]
	padded := (s.Length + 15) &^ 15
	p := scores.Get().(*[]float32)
	defer scores.Put(p)
	*p = atLeast(*p, j.heads*padded)
	SgemmHere(blas.NoTrans, blas.Trans, j.heads, s.Length, width, 1, seen, stride, rows, j.x.Stride, 0, *p, padded)
	scale := float32(1 / math.Sqrt(float64(width/j.heads)))
	for h := range j.heads {
		j.seen.level.softmax((*p)[h*padded:(h+1)*padded], s.Length, scale)
	}
	SgemmHere(blas.NoTrans, blas.NoTrans, j.heads, width, s.Length, 1, *p, padded, rows, j.x.Stride, 0, seen, stride)
}
