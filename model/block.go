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
	activateBackward func(dx, dy, x, y []float32)
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

		activation: tensor.ActivateQuickGELU, activate: tensor.QuickGELU, activateBackward: tensor.QuickGELUBackward,
	}
	if act == GELU {
		t.activation, t.activate, t.activateBackward = tensor.ActivateGELU, tensor.GELU, tensor.GELUBackward
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
