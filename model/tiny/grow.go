package main

import (
	"fmt"
	"math"

	"github.com/pairstream/pairstream/model"
)

// grow makes a model of cfg that begins with what c has learnt: a model that may have more patches than c, and larger or
// smaller ones, and is otherwise the same.
func grow(c *model.CLIP, cfg model.Config, seed uint64) (*model.CLIP, error) {
	learnt := parameters(c)
	learner, err := model.New(cfg, seed).Learner(model.Frozen{})
	if err != nil {
		return nil, err
	}
	for _, p := range learner.Parameters() {
		from := learnt[p.Name].Value
		switch {
		case len(from) == len(p.Value):
			copy(p.Value, from)
		case p.Name == "visual.positional_embedding":
			growPositions(p.Value, from, cfg.Image.Width)
		case p.Name == "visual.conv1.weight":
			growPatches(p.Value, from, cfg.Image.Patch, c.Config().Image.Patch)
		default:
			return nil, fmt.Errorf("tensor %s of %d values cannot become %d", p.Name, len(from), len(p.Value))
		}
	}
	return learner.Snapshot(), nil
}

func parameters(c *model.CLIP) map[string]model.Parameter {
	learner, err := c.Learner(model.Frozen{})
	if err != nil {
		panic(err) // every ViT has one
	}
	list := make(map[string]model.Parameter)
	for _, p := range learner.Parameters() {
		list[p.Name] = p
	}
	return list
}

// growPositions gives each place of a larger grid, dst (1+grid², W), what those of the smaller have in common, and a
// little of its own: waves along x and y, of lengths from a patch to the whole grid and more, with which blocks can
// tell neighbours.
func growPositions(dst, from []float32, width int) {
	const little = 0.3
	places := len(from)/width - 1
	grid := int(math.Sqrt(float64(len(dst)/width - 1)))
	copy(dst, from[:width]) // the class token's
	for k := range width {
		var mean float64
		for i := range places {
			mean += float64(from[(1+i)*width+k]) / float64(places)
		}
		turn := math.Pow(100, -float64(k/4)/float64(width/4-1))
		for i := range grid * grid {
			at := float64(i % grid)
			if k%4 > 1 {
				at = float64(i / grid)
			}
			wave := math.Sin(at*turn + float64(k%2)*math.Pi/2)
			dst[(1+i)*width+k] = float32(mean + little*wave*math.Sqrt(2/float64(width)))
		}
	}
}

// growPatches spreads each weight of a kernel, from (W·3, old, old), over the pixels of the larger one that it stands
// for, dst (W·3, side, side): of a picture at twice the size it makes the same. Or it gathers what was spread.
func growPatches(dst, from []float32, side, old int) {
	f := side / old
	if f == 0 {
		f = old / side
		for i := range dst {
			plane, y, x := i/(side*side), i/side%side, i%side
			dst[i] = from[plane*old*old+y*f*old+x*f] * float32(f*f)
		}
		return
	}
	for i := range dst {
		plane, y, x := i/(side*side), i/side%side, i%side
		dst[i] = from[plane*old*old+y/f*old+x/f] / float32(f*f)
	}
}
