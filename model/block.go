package model

import (
	"fmt"

	"github.com/pairstream/pairstream/model/tensor"
)

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

	activation       tensor.Activation
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

// shape is what a transformer's tensors do not tell.
type shape struct {
	width, layers, heads, mlp int
	causal                    bool
	activation                Activation
	epsilon                   float32 // of the norms; 0 means 1e-5
}

func newTransformer(prefix string, s shape, get lookup) transformer {
	width, mlp, act := s.width, s.mlp, s.activation.functions()
	t := transformer{
		width: width, mlp: mlp,
		attention: tensor.Attention{Width: width, Heads: s.heads, Causal: s.causal},
		blocks:    make([]block, s.layers),

		activation: act.packed, activate: act.forward, activateBackward: act.backward,
	}
	norm := func(name string) tensor.LayerNorm { return normOf(get, name, s.epsilon) }
	for i := range t.blocks {
		name := fmt.Sprintf("%s.%d", prefix, i)
		linear := func(weight, bias string, in, out int) *tensor.Linear {
			return tensor.NewLinear(get(name+weight), get(name+bias), in, out)
		}
		t.blocks[i] = block{
			ln1:      norm(name + ".ln_1"),
			qkv:      linear(".attn.in_proj_weight", ".attn.in_proj_bias", width, 3*width),
			out:      linear(".attn.out_proj.weight", ".attn.out_proj.bias", width, width),
			ln2:      norm(name + ".ln_2"),
			fc:       linear(".mlp.c_fc.weight", ".mlp.c_fc.bias", width, mlp),
			contract: linear(".mlp.c_proj.weight", ".mlp.c_proj.bias", mlp, width),
		}
	}
	return t
}

func norm(get lookup, name string) tensor.LayerNorm { return normOf(get, name, 0) }

func normOf(get lookup, name string, epsilon float32) tensor.LayerNorm {
	return tensor.LayerNorm{Weight: get(name + ".weight"), Bias: get(name + ".bias"), Epsilon: epsilon}
}
