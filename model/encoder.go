package model

import (
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor"
)

// An encoder is a transformer laid out for inference: its weights packed for one precision.
type encoder struct {
	width, mlp int
	attention  tensor.MultiHead
	activation tensor.Epilogue
	blocks     []encoderBlock
}

// encoderBlock is a block with packed weights.
type encoderBlock struct {
	ln1, ln2               tensor.LayerNorm
	qkv, out, fc, contract *tensor.Packed
	single                 *tensor.SingleQuery // where only pooled rows go on; qkv is then their queries alone
}

// pack lays a transformer out for inference, whose last block gives pooled rows alone where it pools. It calls done after
// each block.
func (t *transformer) pack(p tensor.Precision, pools bool, done func()) *encoder {
	e := &encoder{
		width: t.width, mlp: t.mlp,
		attention:  tensor.MultiHead{Heads: t.attention.Heads, Causal: t.attention.Causal},
		activation: tensor.Epilogue{Activation: t.activation},
		blocks:     make([]encoderBlock, len(t.blocks)),
	}
	var smooth [2][]float32 // weights of one block, until they are packed
	for i, b := range t.blocks {
		if p != tensor.Float32 {
			b.ln1, b.qkv = tensor.Smooth(b.ln1, b.qkv, &smooth[0])
			b.ln2, b.fc = tensor.Smooth(b.ln2, b.fc, &smooth[1])
		}
		var single *tensor.SingleQuery
		if pools && i == len(t.blocks)-1 {
			single = tensor.PackSingleQuery(p, t.attention.Heads, b.qkv.Part(t.width, 3*t.width))
			b.qkv = b.qkv.Part(0, t.width)
		}
		e.blocks[i] = encoderBlock{
			ln1: b.ln1, ln2: b.ln2,
			qkv: b.qkv.Pack(p), out: b.out.Pack(p), fc: b.fc.Pack(p), contract: b.contract.Pack(p),
			single: single,
		}
		done()
	}
	return e
}

// encoderScratch is the values inside a block, for up to T rows.
type encoderScratch struct {
	x      []float32    // (T, W) the residual stream
	qkv    []float32    // (T, 3W)
	norm   *tensor.Rows // (T, W) after ln_1, then after ln_2
	mixed  *tensor.Rows // (T, W) what attention gives to out_proj
	hidden *tensor.Rows // (T, MLP)
	pooled *tensor.Rows // (T, W) after the last norm
	places []tensor.Sequence
	parts  []part
}

// part is some of the rows.
type part struct {
	x, qkv              blas32.General
	norm, mixed, hidden tensor.Rows
}

func (e *encoder) newScratch(rows int, proj *tensor.Packed) encoderScratch {
	b := e.blocks[0]
	return encoderScratch{
		x: make([]float32, rows*e.width), qkv: make([]float32, rows*3*e.width),
		norm: tensor.NewRows(b.qkv, rows), mixed: tensor.NewRows(b.out, rows), hidden: tensor.NewRows(b.contract, rows),
		pooled: tensor.NewRows(proj, rows),
	}
}

// fewestRows is how many rows a processor works on by itself. With fewer, each weight would be read for too little: then the
// processors share the columns of the products instead.
const fewestRows = 24

// forward runs the T rows of s.x through all blocks and returns those that the last one gives. Where it pools, these are the
// pooled rows (N, W), at the front of s.x. Only attention looks from row to row, so that up to so many processors work on
// rows of their own up to the next block's.
func (e *encoder) forward(s *encoderScratch, seqs []sequence, rows, processors int) blas32.General {
	s.places = s.places[:0]
	for _, q := range seqs {
		s.places = append(s.places, tensor.Sequence{Start: q.start, Length: q.length})
	}
	x, qkv := tensor.Matrix(s.x, rows, e.width), tensor.Matrix(s.qkv, rows, 3*e.width)
	whole := len(e.blocks) // blocks that give all rows
	if e.blocks[whole-1].single != nil {
		whole--
	}
	s.split(rows, max(1, min(processors, rows/fewestRows)))
	block := 0
	step := func(i int) {
		p := &s.parts[i]
		if block > 0 {
			e.finish(&e.blocks[block-1], p)
		}
		if block < whole {
			b := &e.blocks[block]
			b.ln1.NormalizeRows(&p.norm, p.x)
			b.qkv.Multiply(p.qkv, &p.norm, tensor.Epilogue{})
		}
	}
	for ; block <= whole; block++ {
		if block > 0 {
			e.attention.Forward(s.mixed.Matrix(rows), qkv, s.places)
		}
		tensor.SplitNested(len(s.parts), step)
	}
	if whole < len(e.blocks) {
		b := &e.blocks[whole]
		x = e.attendPooled(b, s, seqs, x)
		s.split(x.Rows, 1)
		e.finish(b, &s.parts[0])
	}
	return x
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

// attendPooled sets s.mixed to what the attention of a block gives the pooled rows of x. It returns these rows, which it
// moves to the front of x.
func (e *encoder) attendPooled(b *encoderBlock, s *encoderScratch, seqs []sequence, x blas32.General) blas32.General {
	n, norm := len(seqs), s.norm.Matrix(x.Rows)
	b.ln1.Normalize(norm, x)
	x.Rows = n
	s.places = s.places[:0]
	for i, q := range seqs {
		row, seen := q.start+q.pool, q.length
		if e.attention.Causal {
			seen = q.pool + 1
		}
		copy(s.mixed.Row(i), norm.Data[row*norm.Stride:])
		copy(x.Data[i*e.width:(i+1)*e.width], x.Data[row*e.width:])
		s.places = append(s.places, tensor.Sequence{Start: q.start, Length: seen})
	}
	s.mixed.Quantise(n)
	queries := tensor.Matrix(s.qkv, n, e.width)
	b.qkv.Multiply(queries, s.mixed, tensor.Epilogue{})
	b.single.Forward(s.mixed.Matrix(n), queries, norm, s.places)
	return x
}
