package model

import (
	"encoding/json"
	"fmt"
)

// timmSigLIPs are the image towers of timm that SigLIP's models have, as timm 1.0.31 makes them. Some of the older models
// were trained with GELU's approximation and are computed with GELU itself there; transformers computes the approximation.
var timmSigLIPs = map[string]struct {
	image      ImageConfig
	activation Activation
}{
	"vit_base_patch16_siglip_224":     {sigLIPBase(16, 224), GELU},
	"vit_base_patch16_siglip_256":     {sigLIPBase(16, 256), GELU},
	"vit_base_patch16_siglip_384":     {sigLIPBase(16, 384), GELU},
	"vit_base_patch16_siglip_512":     {sigLIPBase(16, 512), GELU},
	"vit_base_patch32_siglip_256":     {sigLIPBase(32, 256), TanhGELU},
	"vit_large_patch16_siglip_256":    {sigLIPLarge(16, 256), GELU},
	"vit_large_patch16_siglip_384":    {sigLIPLarge(16, 384), GELU},
	"vit_large_patch16_siglip_512":    {sigLIPLarge(16, 512), TanhGELU},
	"vit_so400m_patch14_siglip_224":   {sigLIPSO400M(14, 224), GELU},
	"vit_so400m_patch14_siglip_378":   {sigLIPSO400M(14, 378), GELU},
	"vit_so400m_patch14_siglip_384":   {sigLIPSO400M(14, 384), GELU},
	"vit_so400m_patch16_siglip_256":   {sigLIPSO400M(16, 256), TanhGELU},
	"vit_so400m_patch16_siglip_384":   {sigLIPSO400M(16, 384), TanhGELU},
	"vit_so400m_patch16_siglip_512":   {sigLIPSO400M(16, 512), TanhGELU},
	"vit_giantopt_patch16_siglip_256": {sigLIPGiant(16, 256), TanhGELU},
	"vit_giantopt_patch16_siglip_384": {sigLIPGiant(16, 384), TanhGELU},
}

func sigLIPBase(patch, size int) ImageConfig {
	return ImageConfig{Size: size, Patch: patch, Width: 768, Layers: 12, Heads: 12, MLP: 3072}
}

func sigLIPLarge(patch, size int) ImageConfig {
	return ImageConfig{Size: size, Patch: patch, Width: 1024, Layers: 24, Heads: 16, MLP: 4096}
}

func sigLIPSO400M(patch, size int) ImageConfig {
	return ImageConfig{Size: size, Patch: patch, Width: 1152, Layers: 27, Heads: 16, MLP: 4304}
}

func sigLIPGiant(patch, size int) ImageConfig {
	return ImageConfig{Size: size, Patch: patch, Width: 1536, Layers: 40, Heads: 16, MLP: 6144}
}

// ofTimm tells whether vision_cfg names an image tower of timm's.
func ofTimm(vision json.RawMessage) bool {
	var form struct {
		Name string `json:"timm_model_name"`
	}
	return json.Unmarshal(vision, &form) == nil && form.Name != ""
}

// timmTowers reads the towers of a SigLIP: its image tower is timm's, its text tower open_clip's.
func timmTowers(cfg *Config, vision, text json.RawMessage) error {
	var name, pool, proj string
	var size side
	err := fields(vision, map[string]any{"timm_model_name": &name, "timm_pool": &pool, "timm_proj": &proj, "image_size": &size},
		"timm_model_pretrained", "patch_dropout", "output_tokens")
	if err != nil {
		return fmt.Errorf("vision_cfg: %w", err)
	}
	known, ok := timmSigLIPs[name]
	if !ok || pool != "map" || proj != "none" {
		return fmt.Errorf("vision_cfg: timm_model_name %.60q, timm_pool %.20q, timm_proj %.20q is not supported", name, pool, proj)
	}
	if size.pixels != known.image.Size {
		return fmt.Errorf("vision_cfg: image_size is %d, but %s has %d", size.pixels, name, known.image.Size)
	}
	cfg.Family, cfg.Image = SigLIP, known.image
	texts, err := cfg.Text.readSigLIP(text)
	if err != nil {
		return fmt.Errorf("text_cfg: %w", err)
	}
	cfg.setActivations(known.activation, texts)
	return nil
}

// readSigLIP reads text_cfg, which must say of the tower what makes it SigLIP's, and gives its activation.
func (c *TextConfig) readSigLIP(object json.RawMessage) (Activation, error) {
	*c = TextConfig{Context: 77, Vocab: 49408, Width: 512, Layers: 12, Heads: 8}
	var (
		ratio             = 4.0
		pool, proj, block = "argmax", "linear", "default"
		noMask, bias      bool
		norm              = struct{ Eps float64 }{1e-5}
		act               struct{ Approximate string }
	)
	err := fields(object, map[string]any{
		"context_length": &c.Context, "vocab_size": &c.Vocab, "width": &c.Width, "layers": &c.Layers, "heads": &c.Heads,
		"mlp_ratio": &ratio, "pool_type": &pool, "proj_type": &proj, "block_type": &block,
		"no_causal_mask": &noMask, "proj_bias": &bias, "norm_kwargs": &norm, "act_kwargs": &act,
	}, "hf_tokenizer_name", "tokenizer_kwargs", // tokenizer.Open reads them
		"pad_id", "eos_id", "output_tokens", "hf_model_pretrained", "hf_proj_type", "hf_pooler_type")
	if err != nil {
		return ActivationUnknown, err
	}
	if pool != "last" || proj != "linear" || block != "default" || !noMask || !bias {
		return ActivationUnknown, fmt.Errorf("pool_type %q, proj_type %q, block_type %q, no_causal_mask %v, proj_bias %v is not SigLIP's", pool, proj, block, noMask, bias)
	}
	if norm.Eps < 0.99*sigLIPEpsilon || norm.Eps > 1.01*sigLIPEpsilon {
		return ActivationUnknown, fmt.Errorf("norm_kwargs: eps %v is not supported, want %v", norm.Eps, sigLIPEpsilon)
	}
	c.MLP = int(float64(c.Width) * ratio)
	switch act.Approximate {
	case "", "none":
		return GELU, nil
	case "tanh":
		return TanhGELU, nil
	}
	return ActivationUnknown, fmt.Errorf("act_kwargs: approximate %.20q is not supported", act.Approximate)
}
