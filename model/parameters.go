package model

import (
	"fmt"
	"math"
)

// parameter is one tensor of a model, named and shaped as in the original checkpoints.
type parameter struct {
	name  string
	shape []int // empty for a scalar
	init  initializer
}

func (p parameter) size() int {
	n := 1
	for _, d := range p.shape {
		n *= d
	}
	return n
}

// addParameter adds a tensor to a list.
type addParameter func(name string, init initializer, shape ...int)

// parameters lists every tensor of the model.
func (c Config) parameters() []parameter {
	var list []parameter
	add := func(name string, init initializer, shape ...int) {
		list = append(list, parameter{name, shape, init})
	}
	add("logit_scale", constant(math.Log(1/0.07)))
	if c.Sigmoid {
		add("logit_bias", constant(-10))
	}
	families[c.Family].imageParameters(c, add)
	families[c.Family].textParameters(c, add)
	return list
}

// addVision lists the image tower of a ViT. The initial values are PyTorch's defaults in the layers, as the original's.
func addVision(c Config, add addParameter) {
	im, width := c.Image, float64(c.Image.Width)
	std := 1 / math.Sqrt(width)
	add("visual.class_embedding", normal(std), im.Width)
	add("visual.positional_embedding", normal(std), im.tokens(), im.Width)
	add("visual.conv1.weight", fanIn(3*im.Patch*im.Patch), im.Width, 3, im.Patch, im.Patch)
	addNorm(add, "visual.ln_pre", im.Width)
	addVisionBlocks(c, add)
	addNorm(add, "visual.ln_post", im.Width)
	add("visual.proj", normal(std), im.Width, c.Embed)
}

func addVisionBlocks(c Config, add addParameter) {
	im, width := c.Image, float64(c.Image.Width)
	for i := range im.Layers {
		addBlock(add, fmt.Sprintf("visual.transformer.resblocks.%d", i), im.Width, im.MLP, blockInit{
			in:    uniform(math.Sqrt(6 / (4 * width))), // Xavier, of a (3W, W) matrix
			out:   fanIn(im.Width),
			fc:    fanIn(im.Width),
			cProj: fanIn(im.MLP),
		})
	}
}

// addText lists the text tower. The initial values are the original's (openai/CLIP, model.py, initialize_parameters).
func addText(c Config, add addParameter) {
	addTextBlocks(c, add)
	add("text_projection", normal(1/math.Sqrt(float64(c.Text.Width))), c.Text.Width, c.Embed)
}

// addTextBlocks lists all but the projection.
func addTextBlocks(c Config, add addParameter) {
	tx, width := c.Text, float64(c.Text.Width)
	residual := 1 / math.Sqrt(width*2*float64(tx.Layers))
	add("token_embedding.weight", normal(0.02), tx.Vocab, tx.Width)
	add("positional_embedding", normal(0.01), tx.Context, tx.Width)
	for i := range tx.Layers {
		addBlock(add, fmt.Sprintf("transformer.resblocks.%d", i), tx.Width, tx.MLP, blockInit{
			in:    normal(1 / math.Sqrt(width)),
			out:   normal(residual),
			fc:    normal(1 / math.Sqrt(2*width)),
			cProj: normal(residual),
		})
	}
	addNorm(add, "ln_final", tx.Width)
}

type blockInit struct{ in, out, fc, cProj initializer }

func addBlock(add addParameter, prefix string, width, mlp int, init blockInit) {
	addNorm(add, prefix+".ln_1", width)
	add(prefix+".attn.in_proj_weight", init.in, 3*width, width)
	add(prefix+".attn.in_proj_bias", constant(0), 3*width)
	add(prefix+".attn.out_proj.weight", init.out, width, width)
	add(prefix+".attn.out_proj.bias", constant(0), width)
	addNorm(add, prefix+".ln_2", width)
	add(prefix+".mlp.c_fc.weight", init.fc, mlp, width)
	add(prefix+".mlp.c_fc.bias", fanIn(width), mlp)
	add(prefix+".mlp.c_proj.weight", init.cProj, width, mlp)
	add(prefix+".mlp.c_proj.bias", fanIn(mlp), width)
}

func addNorm(add addParameter, prefix string, width int) {
	add(prefix+".weight", constant(1), width)
	add(prefix+".bias", constant(0), width)
}
