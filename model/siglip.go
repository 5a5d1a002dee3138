package model

import (
	"fmt"
	"math"

	"github.com/pairstream/pairstream/model/tensor"
)

// sigLIPEpsilon is added to the variance in SigLIP's norms.
const sigLIPEpsilon = 1e-6

// sigLIPVision is SigLIP's image tower: patches without a class token, blocks, and a head that pools by attention:
//
//	x = attn(probe, ln_post(blocks(conv(patches) + position)))
//	out = x + mlp(ln(x))
type sigLIPVision struct {
	ImageConfig
	conv        *tensor.Linear // (3·P·P → W)
	position    []float32      // (grid², W)
	transformer transformer
	lnPost      tensor.LayerNorm
	head        sigLIPHead
}

// sigLIPHead pools a picture's tokens.
type sigLIPHead struct {
	probe        []float32      // (W)
	query, keys  *tensor.Linear // (W → W), and (W → 2W) with values
	out          *tensor.Linear
	ln           tensor.LayerNorm
	fc, contract *tensor.Linear
	activation   tensor.Activation
}

func newSigLIPVision(cfg Config, get lookup) imageTower {
	im, width := cfg.Image, cfg.Image.Width
	linear := func(name string, in, out int) *tensor.Linear {
		return tensor.NewLinear(get(name+".weight"), get(name+".bias"), in, out)
	}
	weight, bias := get("visual.attn_pool.attn.in_proj_weight"), get("visual.attn_pool.attn.in_proj_bias")
	return &sigLIPVision{
		ImageConfig: im,
		conv:        linear("visual.conv1", 3*im.Patch*im.Patch, width),
		position:    get("visual.positional_embedding"),
		transformer: newTransformer("visual.transformer.resblocks", shape{
			width: width, layers: im.Layers, heads: im.Heads, mlp: im.MLP, activation: cfg.Activation, epsilon: sigLIPEpsilon,
		}, get),
		lnPost: normOf(get, "visual.ln_post", sigLIPEpsilon),
		head: sigLIPHead{
			probe:      get("visual.attn_pool.probe"),
			query:      tensor.NewLinear(weight[:width*width], bias[:width], width, width),
			keys:       tensor.NewLinear(weight[width*width:], bias[width:], width, 2*width),
			out:        linear("visual.attn_pool.attn.out_proj", width, width),
			ln:         normOf(get, "visual.attn_pool.ln", sigLIPEpsilon),
			fc:         linear("visual.attn_pool.mlp.c_fc", width, im.MLP),
			contract:   linear("visual.attn_pool.mlp.c_proj", im.MLP, width),
			activation: cfg.Activation.functions().packed,
		},
	}
}

func (v *sigLIPVision) pictures() int { return max(1, chunkRows/(v.grid()*v.grid())) }

// addSigLIPVision lists the image tower, with initial values like those of a ViT.
func addSigLIPVision(c Config, add addParameter) {
	im, patch := c.Image, 3*c.Image.Patch*c.Image.Patch
	std := 1 / math.Sqrt(float64(im.Width))
	add("visual.conv1.weight", fanIn(patch), im.Width, 3, im.Patch, im.Patch)
	add("visual.conv1.bias", fanIn(patch), im.Width)
	add("visual.positional_embedding", normal(std), im.grid()*im.grid(), im.Width)
	addVisionBlocks(c, add)
	addNorm(add, "visual.ln_post", im.Width)
	const head = "visual.attn_pool"
	add(head+".probe", normal(std), im.Width)
	add(head+".attn.in_proj_weight", fanIn(im.Width), 3*im.Width, im.Width)
	add(head+".attn.in_proj_bias", constant(0), 3*im.Width)
	add(head+".attn.out_proj.weight", fanIn(im.Width), im.Width, im.Width)
	add(head+".attn.out_proj.bias", constant(0), im.Width)
	addNorm(add, head+".ln", im.Width)
	add(head+".mlp.c_fc.weight", fanIn(im.Width), im.MLP, im.Width)
	add(head+".mlp.c_fc.bias", fanIn(im.Width), im.MLP)
	add(head+".mlp.c_proj.weight", fanIn(im.MLP), im.Width, im.MLP)
	add(head+".mlp.c_proj.bias", fanIn(im.MLP), im.Width)
}

// sigLIPText is SigLIP's text tower: CLIP's without a mask. The last position, whatever stands there, is the embedding, so
// that all of a row counts, padding included.
type sigLIPText struct{ *text }

func newSigLIPText(cfg Config, get lookup) textTower {
	tx := cfg.Text
	return sigLIPText{&text{
		TextConfig: tx,
		rows:       max(chunkRows, tx.Context),
		token:      get("token_embedding.weight"),
		position:   get("positional_embedding"),
		lnFinal:    normOf(get, "ln_final", sigLIPEpsilon),
		transformer: newTransformer("transformer.resblocks", shape{
			width: tx.Width, layers: tx.Layers, heads: tx.Heads, mlp: tx.MLP, activation: cfg.textActivation(), epsilon: sigLIPEpsilon,
		}, get),
		proj: tensor.NewLinear(get("text_projection.weight"), get("text_projection.bias"), tx.Width, cfg.Embed),
	}}
}

// cut checks row n, and leaves it whole.
func (t sigLIPText) cut(n int, row []int32) []int32 {
	t.check(n, row)
	return row
}

// addSigLIPText lists the text tower, with initial values like those of a CLIP.
func addSigLIPText(c Config, add addParameter) {
	addTextBlocks(c, add)
	add("text_projection.weight", normal(1/math.Sqrt(float64(c.Text.Width))), c.Embed, c.Text.Width)
	add("text_projection.bias", constant(0), c.Embed)
}

func (c Config) validateSigLIP() error {
	if err := c.validateViT(); err != nil {
		return err
	}
	if c.Embed != c.Image.Width {
		return fmt.Errorf("embed is %d, but the image tower ends in %d", c.Embed, c.Image.Width)
	}
	if c.Text.EndOfText != 0 {
		return fmt.Errorf("text end is %d, but the last position counts", c.Text.EndOfText)
	}
	return nil
}
