package model

import (
	"encoding/json"
	"errors"
	"fmt"
)

// openCLIPFile is open_clip_config.json.
type openCLIPFile struct {
	Model      json.RawMessage `json:"model_cfg"`
	Preprocess json.RawMessage `json:"preprocess_cfg"`
}

// parseOpenCLIP reads the text of an open_clip_config.json. Where a field is missing its default is that of
// open_clip's CLIPVisionCfg, CLIPTextCfg and PreprocessCfg.
func parseOpenCLIP(text []byte) (Config, error) {
	var (
		f           openCLIPFile
		cfg         Config
		vision, txt json.RawMessage
		quick       bool
		bias        *float64
		read        func(cfg *Config, vision, text json.RawMessage) error
	)
	if err := json.Unmarshal(text, &f); err != nil {
		return cfg, err
	}
	if f.Model == nil {
		return cfg, errors.New("model_cfg is missing")
	}
	err := fields(f.Model, map[string]any{
		"embed_dim": &cfg.Embed, "quick_gelu": &quick, "init_logit_bias": &bias, "vision_cfg": &vision, "text_cfg": &txt,
	}, "custom_text", "init_logit_scale", "nonscalar_logit_scale", "output_dict")
	if err != nil {
		return cfg, fmt.Errorf("model_cfg: %w", err)
	}
	if vision == nil || txt == nil {
		return cfg, errors.New("model_cfg: vision_cfg or text_cfg is missing")
	}
	cfg.Sigmoid = bias != nil
	read, cfg.Preprocess = openCLIPTowers, OpenAIPreprocess()
	if ofTimm(vision) {
		read, cfg.Preprocess = timmTowers, SigLIPPreprocess()
	}
	if err := read(&cfg, vision, txt); err != nil {
		return cfg, err
	}
	if quick {
		cfg.Activation, cfg.Text.Activation = QuickGELU, ActivationUnknown
	}
	if f.Preprocess != nil {
		if err := openCLIPPreprocess(f.Preprocess, &cfg.Preprocess); err != nil {
			return cfg, fmt.Errorf("preprocess_cfg: %w", err)
		}
	}
	return cfg, nil
}

// openCLIPTowers reads the towers of open_clip's own.
func openCLIPTowers(cfg *Config, vision, text json.RawMessage) (err error) {
	if cfg.Family, cfg.Image, err = openCLIPVision(vision); err != nil {
		return fmt.Errorf("vision_cfg: %w", err)
	}
	if cfg.Text, err = openCLIPText(text); err != nil {
		return fmt.Errorf("text_cfg: %w", err)
	}
	cfg.Activation = GELU
	return nil
}

func openCLIPVision(object json.RawMessage) (Family, ImageConfig, error) {
	im := ImageConfig{Width: 768}
	size, patch, layers, head, ratio := side{pixels: 224}, side{pixels: 16}, depth{blocks: 12}, 64, 4.0
	pool, position, block := "tok", "learnable", "default"
	err := fields(object, map[string]any{
		"image_size": &size, "patch_size": &patch, "width": &im.Width, "layers": &layers, "head_width": &head,
		"mlp_ratio": &ratio, "pool_type": &pool, "pos_embed_type": &position, "block_type": &block,
	}, "patch_dropout", "output_tokens", "attn_pooler_queries", "attn_pooler_heads",
		"timm_pool", "timm_proj", "timm_drop", "timm_model_pretrained") // without timm_model_name
	if err != nil {
		return ViT, im, err
	}
	if pool != "tok" || position != "learnable" || block != "default" {
		return ViT, im, fmt.Errorf("pool_type %q, pos_embed_type %q or block_type %q is not supported", pool, position, block)
	}
	if head < 1 {
		return ViT, im, fmt.Errorf("head_width is %d", head)
	}
	im.Size = size.pixels
	if layers.stages != [4]int{} {
		im.Stages, im.Heads = layers.stages, im.channels()/head
		return ResNet, im, nil
	}
	im.Patch, im.Layers, im.Heads, im.MLP = patch.pixels, layers.blocks, im.Width/head, int(float64(im.Width)*ratio)
	return ViT, im, nil
}

// depth is the blocks of a vision transformer, or those of a residual network's four stages.
type depth struct {
	blocks int
	stages [4]int
}

func (d *depth) UnmarshalJSON(text []byte) error {
	if text[0] != '[' {
		return json.Unmarshal(text, &d.blocks)
	}
	var list []int
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	if len(list) != len(d.stages) {
		return fmt.Errorf("%s: want the blocks of %d stages", text, len(d.stages))
	}
	d.stages = [4]int(list)
	return nil
}

func openCLIPText(object json.RawMessage) (TextConfig, error) {
	tx := TextConfig{Context: 77, Vocab: 49408, Width: 512, Layers: 12, Heads: 8}
	ratio, pool, eos, proj, block := 4.0, "argmax", 2, "linear", "default"
	err := fields(object, map[string]any{
		"context_length": &tx.Context, "vocab_size": &tx.Vocab, "width": &tx.Width, "layers": &tx.Layers, "heads": &tx.Heads,
		"mlp_ratio": &ratio, "pool_type": &pool, "eos_id": &eos, "proj_type": &proj, "block_type": &block,
	}, "hf_tokenizer_name", "tokenizer_kwargs", // tokenizer.Open reads them
		"pad_id", "output_tokens", "hf_model_pretrained", "hf_proj_type", "hf_pooler_type")
	if err != nil {
		return tx, err
	}
	if pool == "eos" {
		tx.EndOfText = eos
	} else if pool != "argmax" {
		return tx, fmt.Errorf("pool_type %q is not supported", pool)
	}
	if proj != "linear" || block != "default" {
		return tx, fmt.Errorf("proj_type %q or block_type %q is not supported", proj, block)
	}
	tx.MLP = int(float64(tx.Width) * ratio)
	return tx, nil
}

// openCLIPPreprocess reads the fields that open_clip does; the size is the tower's.
func openCLIPPreprocess(object json.RawMessage, p *Preprocess) error {
	form := struct {
		Mode          string     `json:"mode"`
		Interpolation string     `json:"interpolation"`
		Resize        string     `json:"resize_mode"`
		Mean          *[]float32 `json:"mean"`
		Std           *[]float32 `json:"std"`
	}{Mode: "RGB", Interpolation: "bicubic", Resize: "shortest"}
	if err := json.Unmarshal(object, &form); err != nil {
		return err
	}
	if form.Mode != "RGB" || form.Interpolation != "bicubic" {
		return fmt.Errorf("mode %q, interpolation %q: want RGB, bicubic", form.Mode, form.Interpolation)
	}
	if form.Resize != "shortest" && form.Resize != "squash" {
		return fmt.Errorf("resize_mode %q is not supported", form.Resize)
	}
	p.Squash = form.Resize == "squash"
	for _, c := range []struct {
		name string
		from *[]float32
		to   *[3]float32
	}{{"mean", form.Mean, &p.Mean}, {"std", form.Std, &p.Std}} {
		if c.from == nil {
			continue
		}
		if len(*c.from) != 3 {
			return fmt.Errorf("%s %v: want 3 values", c.name, *c.from)
		}
		*c.to = [3]float32(*c.from)
	}
	return nil
}
