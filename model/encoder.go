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
	phases     []phase // of a block, where processors share columns
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
		phases:     phasesOf(p),
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
	seqs   []sequence
	places []tensor.Sequence // of seqs
	parts  []part
	shares map[int][]share // by how many processors share the columns
	most   int             // T
}

func (e *encoder) newScratch(rows int, proj *tensor.Packed) *encoderScratch {
	b := e.blocks[0]
	return &encoderScratch{
		x: make([]float32, rows*e.width), qkv: make([]float32, rows*3*e.width),
		norm: tensor.NewRows(b.qkv, rows), mixed: tensor.NewRows(b.out, rows), hidden: tensor.NewRows(b.contract, rows),
		pooled: tensor.NewRows(proj, rows), shares: map[int][]share{}, most: rows,
	}
}

// fewestRows is how many rows a processor works on by itself. With fewer, each weight would be read for too little.
const fewestRows = 24

// forward runs the T rows of s.x, which are s.seqs, through all blocks and returns those that the last one gives. Where it
// pools, these are the pooled rows (N, W), at the front of s.x.
//
// Up to so many processors share the rows, as long as each has enough of them and all go on. Else they share the columns.
func (e *encoder) forward(s *encoderScratch, rows, processors int) blas32.General {
	s.places = s.places[:0]
	for _, q := range s.seqs {
		s.places = append(s.places, tensor.Sequence{Start: q.start, Length: q.length})
	}
	parts, shares := max(1, min(processors, rows/fewestRows)), e.mostShares(processors)
	block := 0
	if parts > 1 || shares == 1 {
		for block = len(e.blocks); block > 0 && e.blocks[block-1].single != nil; {
			block--
		}
		e.rows(s, rows, block, parts)
	}
	return e.columns(s, rows, block, shares)
}
