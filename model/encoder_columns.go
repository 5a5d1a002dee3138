package model

import (
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor"
)

// Where there are few rows, each processor has heads, and columns of all products, of its own (tensor parallelism: Shoeybi et
// al. 2019, https://arxiv.org/abs/1909.08053, but that no sums are cut, whose bits would depend on it). What one has written
// others read in the next phase, for which all wait. It is as little as can be, since from processor to processor a line
// of cache may take as long as a row of a product: so everyone normalises all rows itself, and others' columns are read
// as they are quantised.

// share is what one processor has.
type share struct {
	s             *encoderScratch
	most          int            // T at most
	heads         int            // the first of its own
	wide, long    [2]int         // its columns of W, which are its heads', and of MLP
	x, own        blas32.General // (T, W) the residual stream, later its pooled rows (N, W), and its own columns of it
	norm, asking  *tensor.Rows   // (T, W) all columns; (N, W) those of pooled rows, before there is anything in mixed
	qkv           []float32      // (T, 3·own)
	mixed, hidden *tensor.Share  // its columns of s.mixed and s.hidden
}

// phase is a part of a block in which a processor reads what it has written itself, and what others wrote in phases before.
type phase func(e *encoder, b *encoderBlock, o *share)

// phasesOf are the phases of a block. In float32 nothing is quantised.
func phasesOf(p tensor.Precision) []phase {
	if p == tensor.Float32 {
		return []phase{(*encoder).attend, (*encoder).project, (*encoder).expand, (*encoder).contract}
	}
	return []phase{(*encoder).attend, quantiseMixed, (*encoder).project, (*encoder).expand, quantiseHidden, (*encoder).contract}
}

// columns runs T rows through the blocks from one on, with the columns in n shares, and returns the rows that the last gives.
func (e *encoder) columns(s *encoderScratch, rows, block, n int) blas32.General {
	shares := e.share(s, rows, n)
	tensor.SplitPhases((len(e.blocks)-block)*len(e.phases), n, func(p, i int) {
		e.phases[p%len(e.phases)](e, &e.blocks[block+p/len(e.phases)], &shares[i])
	})
	return shares[0].x
}

// attend mixes the rows of each sequence by the attention of the share's heads.
func (e *encoder) attend(b *encoderBlock, o *share) {
	b.ln1.NormalizeRowsHere(o.norm, o.x)
	if b.single != nil {
		e.attendPooled(b, o)
	} else {
		rows, own := o.x.Rows, o.wide[1]-o.wide[0]
		qkv := tensor.Matrix(o.qkv, rows, 3*own)
		for i := range 3 {
			w := b.qkv.Columns(i*e.width+o.wide[0], i*e.width+o.wide[1])
			part := blas32.General{Rows: rows, Cols: own, Stride: qkv.Stride, Data: qkv.Data[i*own:]}
			w.MultiplyHere(part, o.norm, tensor.Epilogue{})
		}
		attention := tensor.MultiHead{Heads: own * e.attention.Heads / e.width, Causal: e.attention.Causal}
		attention.ForwardHere(o.mixed.Matrix(rows), qkv, o.s.places)
	}
	o.mixed.Measure(o.x.Rows)
}

// attendPooled is attend where only pooled rows ask, and go on: from here on there are no others.
func (e *encoder) attendPooled(b *encoderBlock, o *share) {
	n, norm := len(o.s.seqs), o.norm.Matrix(o.x.Rows)
	for i, q := range o.s.seqs {
		copy(o.asking.Row(i), o.norm.Row(q.start+q.pool))
	}
	o.asking.QuantiseHere(n)
	queries := tensor.Matrix(o.qkv, n, o.wide[1]-o.wide[0])
	w := b.qkv.Columns(o.wide[0], o.wide[1])
	w.MultiplyHere(queries, o.asking, tensor.Epilogue{})
	b.single.ForwardHere(o.mixed.Matrix(n), queries, norm, o.s.places, o.heads)
	o.x.Rows, o.own.Rows = n, n
}

func quantiseMixed(_ *encoder, _ *encoderBlock, o *share) { o.mixed.Quantise(o.x.Rows) }

// project adds what attention gives to the share's columns of the residual stream.
func (e *encoder) project(b *encoderBlock, o *share) {
	if b.single != nil {
		for i, q := range o.s.seqs {
			row := q.start + q.pool
			copy(o.own.Data[i*e.width:][:o.own.Cols], o.own.Data[row*e.width:])
		}
	}
	w := b.out.Columns(o.wide[0], o.wide[1])
	w.MultiplyHere(o.own, o.s.mixed, tensor.Epilogue{Add: true})
}

// expand computes the share's columns of the hidden layer.
func (e *encoder) expand(b *encoderBlock, o *share) {
	b.ln2.NormalizeRowsHere(o.norm, o.x)
	w := b.fc.Columns(o.long[0], o.long[1])
	w.MultiplyHere(o.hidden.Matrix(o.x.Rows), o.norm, e.activation)
	o.hidden.Measure(o.x.Rows)
}

func quantiseHidden(_ *encoder, _ *encoderBlock, o *share) { o.hidden.Quantise(o.x.Rows) }

// contract adds what the hidden layer gives to the share's columns of the residual stream.
func (e *encoder) contract(b *encoderBlock, o *share) {
	w := b.contract.Columns(o.wide[0], o.wide[1])
	w.MultiplyHere(o.own, o.s.hidden, tensor.Epilogue{Add: true})
}
