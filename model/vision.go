package model

import (
	"github.com/pairstream/pairstream/model/tensor"
)

// chunkRows is about how many rows of activations a goroutine works on at a time: enough to use each weight many
// times while it is in the cache, few enough for the rows to stay there too.
const chunkRows = 256

// vision is the image tower.
type vision struct {
	ImageConfig
	chunk           int            // pictures a call of encode may bring
	conv            *tensor.Linear // (3·P·P → W): a convolution whose stride is its kernel
	class, position []float32      // (W), (1+grid², W)
	lnPre, lnPost   tensor.LayerNorm
	transformer     transformer
	proj            *tensor.Linear
}

func newVision(cfg Config, get lookup) *vision {
	im := cfg.Image
	v := &vision{
		ImageConfig: im,
		chunk:       max(1, chunkRows/im.tokens()),
		conv:        tensor.NewLinear(get("visual.conv1.weight"), nil, 3*im.Patch*im.Patch, im.Width),
		class:       get("visual.class_embedding"),
		position:    get("visual.positional_embedding"),
		lnPre:       norm(get, "visual.ln_pre"),
		lnPost:      norm(get, "visual.ln_post"),
		transformer: newTransformer("visual.transformer.resblocks", im.Width, im.Layers, im.Heads, im.MLP, false, cfg.Activation, get),
		proj:        projection(get("visual.proj"), im.Width, cfg.Embed),
	}
	return v
}

// cutPatches lays one picture (3, S, S) out as patches (grid², 3·P·P), from left to right and top to bottom, each
// in the order of the convolution's kernel (3, P, P).
func (v *vision) cutPatches(patches, pixels []float32) {
	grid, side := v.grid(), v.Patch
	for row := range grid {
		for col := range grid {
			for c := range 3 {
				for y := range side {
					from := (c*v.Size+row*side+y)*v.Size + col*side
					copy(patches[:side], pixels[from:from+side])
					patches = patches[side:]
				}
			}
		}
	}
}

// projection turns a matrix that the original keeps as (in, out) into a Linear.
func projection(matrix []float32, in, out int) *tensor.Linear {
	return tensor.NewLinear(transpose(matrix, in, out), nil, in, out)
}

// transpose copies m (rows, cols) to (cols, rows).
func transpose(m []float32, rows, cols int) []float32 {
	t := make([]float32, len(m))
	for r := range rows {
		for c, v := range m[r*cols : (r+1)*cols] {
			t[c*rows+r] = v
		}
	}
	return t
}
