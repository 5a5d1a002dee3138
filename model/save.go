package model

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/tokenizer"
)

// Save writes the model to a directory in open_clip's layout, with F32 weights: open_clip_config.json and
// open_clip_model.safetensors. Each file is replaced in one step, the weights first. There, texts become tokens as
// open_clip makes them; a model whose tokenizer has another vocabulary than CLIP's own is refused.
func (c *CLIP) Save(dir string) error {
	if err := c.save(dir); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return nil
}

func (c *CLIP) save(dir string) error {
	if err := c.checkWritable(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	tensors := make([]checkpoint.Tensor, len(c.parameters))
	for i, p := range c.parameters {
		tensors[i] = checkpoint.FromFloats(p.name, p.shape, c.values[i])
	}
	err := checkpoint.Replace(filepath.Join(dir, openCLIPWeights), func(w io.Writer) error {
		return checkpoint.Write(w, tensors, map[string]string{"format": "pt"})
	})
	if err != nil {
		return err
	}
	return saveJSON(dir, openCLIPConfig, c.config.openCLIP())
}

// checkWritable returns an error where the layouts have no names for the tensors, or where those who read the saved model
// would make other tokens of a text.
func (c *CLIP) checkWritable() error {
	if c.config.Family != ViT {
		return fmt.Errorf("a %v is not written, only vision transformers are", c.config.Family)
	}
	if own := tokenizer.Default(); c.tokenizer.As(own.Flavour()).Fingerprint() != own.Fingerprint() {
		return errors.New("the tokenizer's vocabulary is not CLIP's own")
	}
	return nil
}

// openCLIP is the configuration as readOpenCLIP reads it.
func (c Config) openCLIP() any {
	type object = map[string]any
	text := object{
		"context_length": c.Text.Context,
		"vocab_size":     c.Text.Vocab,
		"width":          c.Text.Width,
		"heads":          c.Text.Heads,
		"layers":         c.Text.Layers,
		"mlp_ratio":      ratio(c.Text.MLP, c.Text.Width),
	}
	if c.Text.EndOfText != 0 {
		text["pool_type"], text["eos_id"] = "eos", c.Text.EndOfText
	}
	resize := "shortest"
	if c.Preprocess.Squash {
		resize = "squash"
	}
	return object{
		"model_cfg": object{
			"embed_dim":  c.Embed,
			"quick_gelu": c.Activation == QuickGELU,
			"vision_cfg": object{
				"image_size": c.Image.Size,
				"patch_size": c.Image.Patch,
				"width":      c.Image.Width,
				"head_width": c.Image.Width / c.Image.Heads,
				"layers":     c.Image.Layers,
				"mlp_ratio":  ratio(c.Image.MLP, c.Image.Width),
			},
			"text_cfg": text,
		},
		"preprocess_cfg": object{
			"mean":          c.Preprocess.Mean,
			"std":           c.Preprocess.Std,
			"interpolation": "bicubic",
			"resize_mode":   resize,
		},
	}
}

// ratio is the least number that int(width * ratio) makes mlp again.
func ratio(mlp, width int) float64 {
	r := float64(mlp) / float64(width)
	for int(float64(width)*r) < mlp {
		r = math.Nextafter(r, math.Inf(1))
	}
	return r
}
