package kernel

import (
	"fmt"

	"gonum.org/v1/gonum/blas/blas32"
)

// Where there are few rows, processors share the columns of products: each has its own, from one product to the next as far
// as it goes, and works on them alone. So there is Columns, a view of weights; MultiplyHere and the like, which work on
// the goroutine at hand; and Share, some columns of a left-hand side.

// Panel is what shares of columns begin at multiples of.
const Panel = panel

// Columns views the outputs from ≤ o < to. Both are multiples of Panel, except that to may be the last.
func (w *Weights) Columns(from, to int) Weights {
	if from < 0 || from >= to || to > w.out || from%panel != 0 || (to%panel != 0 && to != w.out) {
		panic(fmt.Sprintf("kernel: columns %d to %d of %d", from, to, w.out))
	}
	end := (to + panel - 1) / panel * panel
	view := *w
	view.out = to - from
	first, last := from*w.steps*w.perStep(), end*w.steps*w.perStep()
	switch w.precision {
	case Float32:
		view.float32s = w.float32s[first:last]
	case Int16:
		view.int16s = w.int16s[first:last]
	case Int8:
		view.int8s = w.int8s[first:last]
	}
	view.apart.weights = w.apart.weights[from*len(w.apart.columns):]
	view.columns = w.columns[from:]
	view.slice(end - from)
	return view
}

// MultiplyHere is Multiply on the goroutine at hand.
func (w *Weights) MultiplyHere(y blas32.General, x *Rows, then Epilogue) {
	p := products.Get().(*product)
	*p = w.product(y, x, then)
	for chunk := range p.chunks {
		p.Do(chunk)
	}
	*p = product{}
	products.Put(p)
}

// QuantiseHere is Quantise on the goroutine at hand.
func (r *Rows) QuantiseHere(n int) {
	if r.precision != Float32 {
		here(rowJob{level: r.level, rows: r, n: n})
	}
}

// LayerNormHere is LayerNorm on the goroutine at hand.
func (r *Rows) LayerNormHere(x blas32.General, weight, bias []float32, epsilon float32) {
	here(r.layerNorm(x, weight, bias, epsilon))
}

// A Share is some columns of Rows: one processor writes them while others write theirs, and when all have measured what they
// wrote, each quantises its own.
type Share struct {
	rows    Rows // a view, with scales of its own
	extents []extents
	shares  []Share // all of them
}

// extents is what a row is quantised by.
type extents struct {
	low, high float32
	magnitude int32
}

// Share shares the columns out, of up to n rows: bounds[i] ≤ c < bounds[i+1] to the i-th. Bounds are multiples of Panel, but for
// the last, which is the number of columns. The first share has the scales that products take.
func (r *Rows) Share(n int, bounds []int) []Share {
	shares := make([]Share, len(bounds)-1)
	for i := range shares {
		s := &shares[i]
		s.rows, s.shares = *r, shares
		s.rows.cols = bounds[i+1] - bounds[i]
		s.rows.float32s = r.float32s[bounds[i]:]
		if r.precision == Float32 {
			continue
		}
		s.extents = make([]extents, n)
		if i > 0 {
			s.rows.scale, s.rows.zero = make([]float32, n), make([]int32, n)
		}
		if r.int16s != nil {
			s.rows.int16s = r.int16s[bounds[i]:]
		}
		if r.uint8s != nil {
			s.rows.uint8s = r.uint8s[bounds[i]:]
		}
	}
	return shares
}

// Matrix returns the share's columns of the first n rows, to be written.
func (s *Share) Matrix(n int) blas32.General { return s.rows.Matrix(n) }

// Measure prepares the first n rows to be quantised, after the share was written.
func (s *Share) Measure(n int) {
	if s.rows.precision == Float32 {
		return
	}
	for i := range n {
		s.extents[i] = s.rows.extents(i)
	}
}

// Quantise makes the share of the first n rows ready for products, after all shares were measured.
func (s *Share) Quantise(n int) {
	if s.rows.precision == Float32 {
		return
	}
	for i := range n {
		e := s.shares[0].extents[i]
		for _, other := range s.shares[1:] {
			o := other.extents[i]
			e = extents{min(e.low, o.low), max(e.high, o.high), max(e.magnitude, o.magnitude)}
		}
		s.rows.round(i, e)
	}
}
