package kernel

import (
	"fmt"
	"math"
	"runtime"
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

// single is what some heads need in one call of ForwardHere. Row N·h + i is of their head h and sequence i.
type single struct {
	queries, seen *Rows // (N·heads, dim); (N·heads, W): what each head looks for, and then what it sees
	view          Rows  // of one head's rows of these
	scores        []float32
}

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
	heads := len(a.keys)
	groups := min(heads, runtime.GOMAXPROCS(0))
	if out.Cols != a.width || q.Cols != a.width {
		panic(fmt.Sprintf("kernel: heads of width %d from %d to %d columns", a.width, q.Cols, out.Cols))
	}
	job := singleJobs.Get().(*singleJob)
	*job = singleJob{a: a, out: out, q: q, x: x, sequences: sequences, groups: groups}
	pool.Run(groups, job)
	*job = singleJob{}
	singleJobs.Put(job)
}

// singleJob is one call of Forward. Its pieces are groups of heads.
type singleJob struct {
	a         *SingleQuery
	out, q, x blas32.General
	sequences []Sequence
	groups    int
}

var singleJobs = sync.Pool{New: func() any { return new(singleJob) }}

// Do does one piece.
func (j *singleJob) Do(piece int) {
	heads := len(j.a.keys)
	from, to := heads*piece/j.groups, heads*(piece+1)/j.groups
	j.a.ForwardHere(j.part(j.out, from, to), j.part(j.q, from, to), j.x, j.sequences, from)
}

// part is the columns of some heads.
func (j *singleJob) part(m blas32.General, from, to int) blas32.General {
	dim := j.a.width / len(j.a.keys)
	m.Cols, m.Data = (to-from)*dim, m.Data[min(from*dim, len(m.Data)):]
	return m
}

// ForwardHere is Forward on the goroutine at hand for some heads, from the first on: those whose columns out and q are.
func (a *SingleQuery) ForwardHere(out, q, x blas32.General, sequences []Sequence, first int) {
	n, dim := len(sequences), a.width/len(a.keys)
	heads := out.Cols / dim
	if out.Rows != n || q.Rows != n || q.Cols != out.Cols || out.Cols != heads*dim || first+heads > len(a.keys) || x.Cols != a.width {
		panic(fmt.Sprintf("kernel: %d sequences of width %d from (%d, %d) to (%d, %d) for (%d, %d)", n, a.width,
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
	j := a.call(n * heads)
	for h := range heads {
		for i := range n {
			copy(j.queries.Row(h*n+i), q.Data[i*q.Stride+h*dim:][:dim])
		}
	}
	j.queries.QuantiseHere(n * heads)
	for h := range heads {
		j.view = j.queries.From(h * n)
		seen := blas32.General{Rows: n, Cols: a.width, Stride: j.seen.stride, Data: j.seen.float32s[h*n*j.seen.stride:]}
		a.keys[first+h].MultiplyHere(seen, &j.view, Epilogue{})
	}
	for i, s := range sequences {
		j.see(x, s, i, heads, n, float32(1/math.Sqrt(float64(dim))))
	}
	j.seen.QuantiseHere(n * heads)
	for h := range heads {
		j.view = j.seen.From(h * n)
		a.values[first+h].MultiplyHere(blas32.General{Rows: n, Cols: dim, Stride: out.Stride, Data: out.Data[h*dim:]}, &j.view, Epilogue{})
	}
	a.calls.Put(j)
}

// call returns what a call for so many rows needs.
func (a *SingleQuery) call(rows int) *single {
	j, _ := a.calls.Get().(*single)
	if j == nil {
		j = new(single)
	}
	if j.queries == nil || len(j.queries.float32s) < rows*j.queries.stride {
		j.queries, j.seen = NewRows(a.keys[0], rows), NewRows(a.values[0], rows)
	}
	return j
}

// see puts what the heads see of sequence i of n in the place of what they look for.
func (j *single) see(x blas32.General, s Sequence, i, heads, n int, scale float32) {
	rows, stride := x.Data[s.Start*x.Stride:], n*j.seen.stride
	seen := j.seen.float32s[i*j.seen.stride:]
	padded := (s.Length + 15) &^ 15
	j.scores = atLeast(j.scores, heads*padded)
	SgemmHere(blas.NoTrans, blas.Trans, heads, s.Length, x.Cols, 1, seen, stride, rows, x.Stride, 0, j.scores, padded)
	for h := range heads {
		j.seen.level.softmax(j.scores[h*padded:(h+1)*padded], s.Length, scale)
	}
	SgemmHere(blas.NoTrans, blas.NoTrans, heads, x.Cols, s.Length, 1, j.scores, padded, rows, x.Stride, 0, seen, stride)
}
