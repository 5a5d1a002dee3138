package model

import (
	"fmt"
)

// sigLIP reads the sections of a SiglipModel. Where a field is missing its default is that of SiglipTextConfig and
// SiglipVisionConfig.
func (f *huggingFaceFile) sigLIP() (Config, error) {
	text := huggingFaceTower{
		Width: 768, MLP: 3072, Layers: 12, Heads: 12, Act: TanhGELU.String(), Epsilon: sigLIPEpsilon, Context: 64, Vocab: 32000,
	}
	if err := text.read(f.Text, f.TextDict, sigLIPEpsilon); err != nil {
		return Config{}, fmt.Errorf("text_config: %w", err)
	}
	vision := huggingFaceTower{
		Width: 768, MLP: 3072, Layers: 12, Heads: 12, Act: TanhGELU.String(), Epsilon: sigLIPEpsilon,
		Size: side{pixels: 224}, Patch: side{pixels: 16}, Channels: 3, Head: true,
	}
	if err := vision.read(f.Vision, f.VisionDict, sigLIPEpsilon); err != nil {
		return Config{}, fmt.Errorf("vision_config: %w", err)
	}
	if vision.Channels != 3 || !vision.Head {
		return Config{}, fmt.Errorf("vision_config: num_channels %d, vision_use_head %v: want 3, true", vision.Channels, vision.Head)
	}
	cfg := Config{
		Family: SigLIP,
		Embed:  text.Embed,
		Image: ImageConfig{
			Size: vision.Size.pixels, Patch: vision.Patch.pixels,
			Width: vision.Width, Layers: vision.Layers, Heads: vision.Heads, MLP: vision.MLP,
		},
		Text: TextConfig{
			Context: text.Context, Vocab: text.Vocab,
			Width: text.Width, Layers: text.Layers, Heads: text.Heads, MLP: text.MLP,
		},
		Preprocess: SigLIPPreprocess(),
		Sigmoid:    true,
	}
	if cfg.Embed == 0 {
		cfg.Embed = text.Width
	}
	texts, err := text.activation(GELU, TanhGELU)
	if err != nil {
		return cfg, fmt.Errorf("text_config: %w", err)
	}
	images, err := vision.activation(GELU, TanhGELU)
	if err != nil {
		return cfg, fmt.Errorf("vision_config: %w", err)
	}
	cfg.setActivations(images, texts)
	return cfg, nil
}

// setActivations sets both towers' activations.
func (c *Config) setActivations(images, texts Activation) {
	c.Activation, c.Text.Activation = images, ActivationUnknown
	if texts != images {
		c.Text.Activation = texts
	}
}
