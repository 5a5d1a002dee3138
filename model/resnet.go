package model

import (
	"fmt"
	"math"

	"github.com/pairstream/pairstream/model/tensor"
)

// resNet is the image tower of the ResNet CLIPs (openai/CLIP, model.py, ModifiedResNet): a stem of three convolutions,
// four stages of bottleneck blocks, each half as wide and high as the one before, and attention that pools.
type resNet struct {
	ImageConfig
	embed int
	get   lookup
}

// expansion is how many times the channels inside a bottleneck there are outside of it.
const expansion = 4

func newResNet(cfg Config, get lookup) imageTower {
	return &resNet{ImageConfig: cfg.Image, embed: cfg.Embed, get: get}
}

// pictures fills a product of the last stage.
func (r *resNet) pictures() int { return max(1, chunkRows/(r.lastGrid()*r.lastGrid())) }

// lastGrid is how many pixels high and wide the last stage is.
func (c ImageConfig) lastGrid() int { return c.Size / 32 }

// channels is what the last stage has.
func (c ImageConfig) channels() int { return 32 * c.Width }

// bottlenecks visits the blocks of all stages: each by its name and stage, with the channels that come in, those inside,
// and whether it halves height and width. A block whose channels do not stay as they are has its first weights' name for
// the branch beside it too.
func (c ImageConfig) bottlenecks(visit func(name string, stage, in, planes int, halves, down bool)) {
	in := c.Width
	for stage, blocks := range c.Stages {
		planes := c.Width << stage
		for i := range blocks {
			halves := stage > 0 && i == 0
			visit(fmt.Sprintf("visual.layer%d.%d", stage+1, i), stage, in, planes, halves, halves || in != expansion*planes)
			in = expansion * planes
		}
	}
}

// addResNet lists the tensors of the tower. The initial values are the original's.
func addResNet(c Config, add addParameter) {
	im := c.Image
	convolution := func(conv, bn string, in, out, side int, gain float64) {
		add(conv+".weight", fanIn(in*side*side), out, in, side, side)
		add(bn+".weight", constant(gain), out)
		add(bn+".bias", constant(0), out)
		add(bn+".running_mean", constant(0), out)
		add(bn+".running_var", constant(1), out)
	}
	convolution("visual.conv1", "visual.bn1", 3, im.Width/2, 3, 1)
	convolution("visual.conv2", "visual.bn2", im.Width/2, im.Width/2, 3, 1)
	convolution("visual.conv3", "visual.bn3", im.Width/2, im.Width, 3, 1)
	im.bottlenecks(func(name string, _, in, planes int, _, down bool) {
		convolution(name+".conv1", name+".bn1", in, planes, 1, 1)
		convolution(name+".conv2", name+".bn2", planes, planes, 3, 1)
		convolution(name+".conv3", name+".bn3", planes, expansion*planes, 1, 0)
		if down {
			convolution(name+".downsample.0", name+".downsample.1", in, expansion*planes, 1, 1)
		}
	})
	width, grid := im.channels(), im.lastGrid()
	std := 1 / math.Sqrt(float64(width))
	add("visual.attnpool.positional_embedding", normal(std), grid*grid+1, width)
	for _, name := range []string{"k_proj", "q_proj", "v_proj", "c_proj"} {
		out := width
		if name == "c_proj" {
			out = c.Embed
		}
		add("visual.attnpool."+name+".weight", normal(std), out, width)
		add("visual.attnpool."+name+".bias", fanIn(width), out)
	}
}

// validateResNet checks what only a residual network has.
func (c Config) validateResNet() error {
	im := c.Image
	for i, blocks := range im.Stages {
		if blocks < 1 || blocks > 1<<8 {
			return fmt.Errorf("stage %d has %d blocks, want 1 to %d", i+1, blocks, 1<<8)
		}
	}
	switch {
	case im.Patch != 0 || im.Layers != 0 || im.MLP != 0:
		return fmt.Errorf("image patch %d, layers %d, mlp %d, of a residual network", im.Patch, im.Layers, im.MLP)
	case im.Size%32 != 0:
		return fmt.Errorf("image size %d is not a multiple of 32", im.Size)
	case im.Width%2 != 0 || im.Width > 1<<10:
		return fmt.Errorf("image width %d is odd or more than %d", im.Width, 1<<10)
	case im.channels()%im.Heads != 0:
		return fmt.Errorf("%d channels are not a multiple of %d heads", im.channels(), im.Heads)
	}
	return nil
}

// fold multiplies a convolution's weights (out, …) with what the batch normalisation behind it does, which is fixed once
// training has ended:
//
//	bn(x) = (x - mean)·w/√(variance + 1e-5) + b
//
// Rounding the products is the only difference to computing one after the other: within 1e-6 of an embedding.
func (r *resNet) fold(conv, bn string) (weight, bias []float32) {
	from, gain, shift := r.get(conv+".weight"), r.get(bn+".weight"), r.get(bn+".bias")
	mean, variance := r.get(bn+".running_mean"), r.get(bn+".running_var")
	weight, bias = make([]float32, len(from)), make([]float32, len(gain))
	each := len(from) / len(gain)
	for o := range gain {
		scale := float64(gain[o]) / math.Sqrt(float64(variance[o])+1e-5)
		bias[o] = float32(float64(shift[o]) - float64(mean[o])*scale)
		for i, v := range from[o*each : (o+1)*each] {
			weight[o*each+i] = float32(float64(v) * scale)
		}
	}
	return weight, bias
}

// packProduct packs a convolution of single pixels, with its batch normalisation.
func (r *resNet) packProduct(p Precision, conv, bn string, in int) *tensor.Packed {
	weight, bias := r.fold(conv, bn)
	return tensor.Pack(p, weight, bias, in, len(bias))
}

// packConvolution packs a convolution of 3×3 pixels, with its batch normalisation.
func (r *resNet) packConvolution(p Precision, conv, bn string, in, stride int) *tensor.Convolution {
	weight, bias := r.fold(conv, bn)
	return tensor.PackConvolution(p, weight, bias, in, len(bias), stride)
}
