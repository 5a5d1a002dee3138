package model

import (
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor"
)

// mostShares is how many processors the columns are enough for.
func (e *encoder) mostShares(processors int) int {
	return max(1, min(processors, e.width/e.shareUnit(), e.mlp/tensor.Panel))
}

// shareUnit is the columns of W that make a share's heads and whole panels, or all.
func (e *encoder) shareUnit() int {
	dim := e.width / e.attention.Heads
	for unit := dim; unit < e.width; unit += dim {
		if unit%tensor.Panel == 0 && e.width%unit == 0 {
			return unit
		}
	}
	return e.width
}

// share shares the columns out among n processors, for so many rows.
func (e *encoder) share(s *encoderScratch, rows, n int) []share {
	shares := s.shares[n]
	if len(shares) == 0 || shares[0].most < rows {
		shares = e.newShares(s, min(max(rows, 2*fewestRows), s.most), n)
		s.shares[n] = shares
	}
	for i := range shares {
		o := &shares[i]
		o.x = tensor.Matrix(s.x, rows, e.width)
		o.own = blas32.General{Rows: rows, Cols: o.wide[1] - o.wide[0], Stride: e.width, Data: s.x[o.wide[0]:]}
	}
	return shares
}

func (e *encoder) newShares(s *encoderScratch, rows, n int) []share {
	shares := make([]share, n)
	wide, long := bounds(e.width, e.shareUnit(), n), bounds(e.mlp, tensor.Panel, n)
	mixed, hidden := s.mixed.Share(rows, wide), s.hidden.Share(rows, long)
	last := &e.blocks[len(e.blocks)-1]
	for i := range shares {
		o := &shares[i]
		*o = share{
			s: s, most: rows, heads: wide[i] * e.attention.Heads / e.width,
			wide: [2]int{wide[i], wide[i+1]}, long: [2]int{long[i], long[i+1]},
			norm: s.norm, asking: s.mixed, qkv: s.qkv, mixed: &mixed[i], hidden: &hidden[i],
		}
		if n > 1 {
			o.norm, o.asking = tensor.NewRows(last.qkv, rows), tensor.NewRows(last.qkv, rows)
			o.qkv = make([]float32, rows*3*(wide[i+1]-wide[i]))
		}
	}
	return shares
}

// bounds cuts columns into n parts of whole units, of which the last takes what is left.
func bounds(columns, unit, n int) []int {
	b := make([]int, n+1)
	for i := range n {
		b[i] = columns / unit * i / n * unit
	}
	b[n] = columns
	return b
}
