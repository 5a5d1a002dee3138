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
}

// pack lays a transformer out for inference. It calls done after each block.
func (t *transformer) pack(p tensor.Precision, done func()) *encoder {
	e := &encoder{
		width: t.width, mlp: t.mlp,
		attention:  tensor.MultiHead{Heads: t.attention.Heads, Causal: t.attention.Causal},
		activation: tensor.Epilogue{Activation: t.activation},
		blocks:     make([]encoderBlock, len(t.blocks)),
	}
	for i, b := range t.blocks {
		if p != tensor.Float32 {
			b.ln1, b.qkv = tensor.Smooth(b.ln1, b.qkv)
			b.ln2, b.fc = tensor.Smooth(b.ln2, b.fc)
		}
		e.blocks[i] = encoderBlock{
			ln1: b.ln1, ln2: b.ln2,
			qkv: b.qkv.Pack(p), out: b.out.Pack(p), fc: b.fc.Pack(p), contract: b.contract.Pack(p),
		}
		done()
	}
	return e
}

// encoderScratch is the values inside a block, for up to T rows.
type encoderScratch struct {
	x       []float32    // (T, W) the residual stream
	qkv     []float32    // (T, 3W)
	norm    *tensor.Rows // (T, W) after ln_1, then after ln_2
	mixed   *tensor.Rows // (T, W) what attention gives to out_proj
	hidden  *tensor.Rows // (T, MLP)
	pooled  *tensor.Rows // (T, W) after the last norm, in float32
	lengths []tensor.Sequence
}

func (e *encoder) newScratch(rows int, proj *tensor.Packed) encoderScratch {
	b := e.blocks[0]
	return encoderScratch{
		x: make([]float32, rows*e.width), qkv: make([]float32, rows*3*e.width),
		norm: tensor.NewRows(b.qkv, rows), mixed: tensor.NewRows(b.out, rows), hidden: tensor.NewRows(b.contract, rows),
		pooled: tensor.NewRows(proj, rows),
	}
}

// forward runs the T rows of s.x through all blocks and returns the pooled ones (N, W), which stand at its front. In
// the last block only those are computed beyond the keys and values.
func (e *encoder) forward(s *encoderScratch, seqs []sequence, rows int) blas32.General {
	x := tensor.Matrix(s.x, rows, e.width)
	for i := range e.blocks {
		x = e.forwardBlock(&e.blocks[i], s, seqs, x, i == len(e.blocks)-1)
	}
	return x
}

// forwardBlock runs x through one block, in place, and returns it; with pooled one row a sequence, moved to its front.
func (e *encoder) forwardBlock(b *encoderBlock, s *encoderScratch, seqs []sequence, x blas32.General, pooled bool) blas32.General {
	qkv := tensor.Matrix(s.qkv, x.Rows, 3*e.width)
	b.ln1.NormalizeRows(s.norm, x)
	b.qkv.Multiply(qkv, s.norm, tensor.Epilogue{})
	s.lengths = s.lengths[:0]
	for i, q := range seqs {
		ask := tensor.Sequence{Start: q.start, Length: q.length, Queries: q.length, Out: q.start}
		if pooled {
			ask.First, ask.Queries, ask.Out = q.pool, 1, i
			copy(x.Data[i*e.width:(i+1)*e.width], x.Data[(q.start+q.pool)*e.width:])
		}
		s.lengths = append(s.lengths, ask)
	}
	if pooled {
		x.Rows = len(seqs)
	}
	e.attention.Forward(s.mixed.Matrix(x.Rows), qkv, s.lengths)
	s.mixed.Quantise(x.Rows)
	b.out.Multiply(x, s.mixed, tensor.Epilogue{Add: true})
	b.ln2.NormalizeRows(s.norm, x)
	b.fc.Multiply(s.hidden.Matrix(x.Rows), s.norm, e.activation)
	s.hidden.Quantise(x.Rows)
	b.contract.Multiply(x, s.hidden, tensor.Epilogue{Add: true})
	return x
}
