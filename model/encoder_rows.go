package model

import (
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor"
)

// part is some of the rows.
type part struct {
	x, qkv              blas32.General
	norm, mixed, hidden tensor.Rows
}

// rows runs T rows through the first blocks, in so many parts. Only attention looks from row to row, so that a processor works
// on rows of its own up to the next block's.
func (e *encoder) rows(s *encoderScratch, rows, blocks, parts int) {
	s.split(rows, parts)
	qkv := tensor.Matrix(s.qkv, rows, 3*e.width)
	block := 0
	step := func(i int) {
		p := &s.parts[i]
		if block > 0 {
			e.finish(&e.blocks[block-1], p)
		}
		if block < blocks {
			b := &e.blocks[block]
			b.ln1.NormalizeRows(&p.norm, p.x)
			b.qkv.Multiply(p.qkv, &p.norm, tensor.Epilogue{})
		}
	}
	for ; block <= blocks; block++ {
		if block > 0 {
			e.attention.Forward(s.mixed.Matrix(rows), qkv, s.places)
		}
		tensor.SplitNested(parts, step)
	}
}

// split makes n parts of the first rows.
func (s *encoderScratch) split(rows, n int) {
	width := s.norm.Matrix(0).Cols
	s.parts = s.parts[:0]
	for i := range n {
		from, to := rows*i/n, rows*(i+1)/n
		s.parts = append(s.parts, part{
			x:    tensor.Matrix(s.x[from*width:to*width], to-from, width),
			qkv:  tensor.Matrix(s.qkv[from*3*width:to*3*width], to-from, 3*width),
			norm: s.norm.From(from), mixed: s.mixed.From(from), hidden: s.hidden.From(from),
		})
	}
}

// finish takes rows through what follows a block's attention.
func (e *encoder) finish(b *encoderBlock, p *part) {
	rows := p.x.Rows
	p.mixed.Quantise(rows)
	b.out.Multiply(p.x, &p.mixed, tensor.Epilogue{Add: true})
	b.ln2.NormalizeRows(&p.norm, p.x)
	b.fc.Multiply(p.hidden.Matrix(rows), &p.norm, e.activation)
	p.hidden.Quantise(rows)
	b.contract.Multiply(p.x, &p.hidden, tensor.Epilogue{Add: true})
}
