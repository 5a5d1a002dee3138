package model

import (
	"fmt"

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

func newVision(cfg Config, get lookup) imageTower {
	im := cfg.Image
	return &vision{
		ImageConfig: im,
		chunk:       max(1, chunkRows/im.tokens()),
		conv:        tensor.NewLinear(get("visual.conv1.weight"), nil, 3*im.Patch*im.Patch, im.Width),
		class:       get("visual.class_embedding"),
		position:    get("visual.positional_embedding"),
		lnPre:       norm(get, "visual.ln_pre"),
		lnPost:      norm(get, "visual.ln_post"),
		transformer: newTransformer("visual.transformer.resblocks", shape{
			width: im.Width, layers: im.Layers, heads: im.Heads, mlp: im.MLP, activation: cfg.Activation,
		}, get),
		proj: projection(get("visual.proj"), im.Width, cfg.Embed),
	}
}

func (v *vision) pictures() int { return v.chunk }

// tokens is the length of the sequence: the class token and one for each patch.
func (c ImageConfig) tokens() int { return 1 + c.grid()*c.grid() }

// grid is the patches in a row, and in a column.
func (c ImageConfig) grid() int { return c.Size / c.Patch }

// validateViT checks what only a vision transformer has.
func (c Config) validateViT() error {
	im := c.Image
	if err := (limits{{"image patch", im.Patch, 1 << 8}, {"image layers", im.Layers, 1 << 8}, {"image mlp", im.MLP, 1 << 16}}).check(); err != nil {
		return err
	}
	if im.Patch > im.Size {
		return fmt.Errorf("image size %d is less than patch %d", im.Size, im.Patch)
	}
	if n := im.tokens(); n > 1<<13 {
		return fmt.Errorf("image size %d in patches of %d makes %d tokens, more than %d", im.Size, im.Patch, n, 1<<13)
	}
	if im.Width%im.Heads != 0 {
		return fmt.Errorf("image width %d is not a multiple of its %d heads", im.Width, im.Heads)
	}
	if im.Stages != [4]int{} {
		return fmt.Errorf("image stages %v, of a vision transformer", im.Stages)
	}
	return nil
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
