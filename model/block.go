package model

import (
	"fmt"

	"github.com/pairstream/pairstream/model/tensor"
)

// lookup finds a tensor by the name it has in the original checkpoints.
type lookup func(name string) []float32

// sequence is a run of rows in a packed batch: the tokens of one picture or one caption.
type sequence struct {
	start, length int
	pool          int // the row, counted from start, whose final value is the embedding
}

// transformer is a stack of blocks over packed sequences.
type transformer struct {
	width, mlp int
	attention  tensor.Attention
	blocks     []block

	activate         func(y, x []float32)
	activateBackward func(dx, dy, x []float32)
}

// block is a pre-norm residual attention block:
//
//	x += attn(ln_1(x))
//	x += mlp(ln_2(x))
type block struct {
	ln1, ln2     tensor.LayerNorm
	qkv, out     *tensor.Linear // in_proj, out_proj
	fc, contract *tensor.Linear // c_fc, c_proj
}

func newTransformer(prefix string, width, layers, heads, mlp int, causal bool, act Activation, get lookup) transformer {
	t := transformer{
		width: width, mlp: mlp,
		attention: tensor.Attention{Width: width, Heads: heads, Causal: causal},
		blocks:    make([]block, layers),

		activate: tensor.QuickGELU, activateBackward: tensor.QuickGELUBackward,
	}
	if act == GELU {
		t.activate, t.activateBackward = tensor.GELU, tensor.GELUBackward
	}
	for i := range t.blocks {
		name := fmt.Sprintf("%s.%d", prefix, i)
		linear := func(weight, bias string, in, out int) *tensor.Linear {
			return tensor.NewLinear(get(name+weight), get(name+bias), in, out)
		}
		t.blocks[i] = block{
			ln1:      norm(get, name+".ln_1"),
			qkv:      linear(".attn.in_proj_weight", ".attn.in_proj_bias", width, 3*width),
			out:      linear(".attn.out_proj.weight", ".attn.out_proj.bias", width, width),
			ln2:      norm(get, name+".ln_2"),
			fc:       linear(".mlp.c_fc.weight", ".mlp.c_fc.bias", width, mlp),
			contract: linear(".mlp.c_proj.weight", ".mlp.c_proj.bias", mlp, width),
		}
	}
	return t
}

func norm(get lookup, name string) tensor.LayerNorm {
	return tensor.LayerNorm{Weight: get(name + ".weight"), Bias: get(name + ".bias")}
}

// activations are the values inside a block, for T rows.
type activations struct {
	norm   []float32 // (T, W) after ln_1, then after ln_2
	qkv    []float32 // (T, 3W)
	mixed  []float32 // (T, W) what attention gives to out_proj
	hidden []float32 // (T, MLP)
	scores []float32 // (L, L) of the longest sequence
}

func (t *transformer) newActivations(rows, longest int) activations {
	return activations{
		norm:   make([]float32, rows*t.width),
		qkv:    make([]float32, rows*3*t.width),
		mixed:  make([]float32, rows*t.width),
		hidden: make([]float32, rows*t.mlp),
		scores: make([]float32, longest*longest),
	}
}

// forward runs x (T, W) through all blocks, in place, and returns the part of it that holds the pooled rows
// (N, W). In the last block only those are computed beyond the keys and values.
func (t *transformer) forward(x []float32, seqs []sequence, a *activations) []float32 {
	last := len(t.blocks) - 1
	for i := range last {
		t.forwardBlock(&t.blocks[i], x, seqs, a, false)
	}
	return t.forwardBlock(&t.blocks[last], x, seqs, a, true)
}

// forwardBlock runs x (T, W) through one block, in place. With pooled it goes on with one row a sequence, moved
// to the front of x, and returns these (N, W).
func (t *transformer) forwardBlock(b *block, x []float32, seqs []sequence, a *activations, pooled bool) []float32 {
	width, rows := t.width, len(x)/t.width
	normed, qkv, mixed := a.norm[:len(x)], a.qkv[:3*len(x)], a.mixed[:len(x)]
	b.ln1.Forward(normed, x)
	b.qkv.Forward(qkv, normed)
	for i, s := range seqs {
		values := qkv[s.start*3*width : (s.start+s.length)*3*width]
		if pooled {
			t.attention.Forward(mixed[i*width:(i+1)*width], values, a.scores, s.pool)
			copy(x[i*width:(i+1)*width], x[(s.start+s.pool)*width:])
			continue
		}
		t.attention.Forward(mixed[s.start*width:(s.start+s.length)*width], values, a.scores, 0)
	}
	if pooled {
		rows = len(seqs)
		x, normed, mixed = x[:rows*width], normed[:rows*width], mixed[:rows*width]
	}
	b.out.ForwardAdd(x, mixed)
	b.ln2.Forward(normed, x)
	hidden := a.hidden[:rows*t.mlp]
	b.fc.Forward(hidden, normed)
	t.activate(hidden, hidden)
	b.contract.ForwardAdd(x, hidden)
	return x
}
