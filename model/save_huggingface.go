package model

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/tokenizer"
)

// SaveHuggingFace writes the model to a directory in the layout of Hugging Face's transformers, with F32 weights:
// config.json, model.safetensors, preprocessor_config.json and the tokenizer's files. They do not get in the way of
// those that Save writes: open_clip reads its own, and so does Open where both are there.
func (c *CLIP) SaveHuggingFace(dir string) error {
	if err := c.saveHuggingFace(dir); err != nil {
		return fmt.Errorf("save model: %w", err)
	}
	return nil
}

func (c *CLIP) saveHuggingFace(dir string) error {
	if err := c.checkWritable(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	var tensors []checkpoint.Tensor
	for i, p := range c.parameters {
		tensors = append(tensors, huggingFaceTensors(p, c.values[i])...)
	}
	err := checkpoint.Replace(filepath.Join(dir, plainWeights), func(w io.Writer) error {
		return checkpoint.Write(w, tensors, map[string]string{"format": "pt"})
	})
	if err != nil {
		return err
	}
	if err := tokenizer.SaveHuggingFace(dir, c.config.Text.Context); err != nil {
		return err
	}
	if err := saveJSON(dir, preprocessConfig, c.config.huggingFacePreprocess()); err != nil {
		return err
	}
	return saveJSON(dir, huggingFaceConfig, c.config.huggingFace())
}

func saveJSON(dir, name string, value any) error {
	return checkpoint.Replace(filepath.Join(dir, name), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(value)
	})
}

// huggingFaceTensors are the tensors that a parameter is there.
func huggingFaceTensors(p parameter, values []float32) []checkpoint.Tensor {
	pieces, transposed := tableNames{"", &huggingFaceCLIP}.stored(p.name)
	if transposed {
		rows, columns := p.shape[0], p.shape[1]
		values, p.shape = transpose(values, rows, columns), []int{columns, rows}
	}
	shares := 0
	for _, piece := range pieces {
		shares += piece.share
	}
	each := len(values) / shares
	tensors := make([]checkpoint.Tensor, len(pieces))
	for i, piece := range pieces {
		shape, n := slices.Clone(p.shape), each*piece.share
		if len(pieces) > 1 {
			shape[0] = shape[0] / shares * piece.share
		}
		tensors[i] = checkpoint.FromFloats(piece.name, shape, values[:n])
		values = values[n:]
	}
	return tensors
}

// huggingFace is the configuration as parseHuggingFace reads it.
func (c Config) huggingFace() any {
	type object = map[string]any
	end := c.Text.EndOfText
	if end == 0 {
		end = tokenizer.End // the largest id
	}
	activation := c.Activation.String()
	return object{
		"architectures":          []string{"CLIPModel"},
		"model_type":             "clip",
		"torch_dtype":            "float32",
		"projection_dim":         c.Embed,
		"logit_scale_init_value": 2.6592,
		"text_config": object{
			"model_type": "clip_text_model", "hidden_size": c.Text.Width, "intermediate_size": c.Text.MLP,
			"num_hidden_layers": c.Text.Layers, "num_attention_heads": c.Text.Heads, "hidden_act": activation,
			"layer_norm_eps": 1e-5, "max_position_embeddings": c.Text.Context, "vocab_size": c.Text.Vocab,
			"projection_dim": c.Embed, "bos_token_id": tokenizer.Start, "eos_token_id": end, "pad_token_id": tokenizer.End,
		},
		"vision_config": object{
			"model_type": "clip_vision_model", "hidden_size": c.Image.Width, "intermediate_size": c.Image.MLP,
			"num_hidden_layers": c.Image.Layers, "num_attention_heads": c.Image.Heads, "hidden_act": activation,
			"layer_norm_eps": 1e-5, "image_size": c.Image.Size, "patch_size": c.Image.Patch, "num_channels": 3,
			"projection_dim": c.Embed,
		},
	}
}

// huggingFacePreprocess is what parseHuggingFacePreprocess reads.
func (c Config) huggingFacePreprocess() any {
	type object = map[string]any
	side := object{"height": c.Image.Size, "width": c.Image.Size}
	size := object{"shortest_edge": c.Image.Size}
	if c.Preprocess.Squash {
		size = side
	}
	return object{
		"image_processor_type": "CLIPImageProcessor",
		"do_resize":            true, "size": size, "resample": bicubic,
		"do_center_crop": !c.Preprocess.Squash, "crop_size": side,
		"do_rescale": true, "rescale_factor": 1. / 255,
		"do_normalize": true, "image_mean": c.Preprocess.Mean, "image_std": c.Preprocess.Std,
		"do_convert_rgb": true,
	}
}
