package model

import (
	"fmt"
	"strings"
)

// preset is a published architecture.
type preset struct {
	name string
	Config
}

// presets follow OpenAI's models and, from ViT-S-32 on, open_clip's model_configs/*.json, whose names they bear.
var presets = []preset{
	// embedding; image size, patch, width, layers, heads; text width, layers
	{"ViT-B-32", vit(512, 224, 32, 768, 12, 12, 512, 12, QuickGELU)},
	{"ViT-B-16", vit(512, 224, 16, 768, 12, 12, 512, 12, QuickGELU)},
	{"ViT-L-14", vit(768, 224, 14, 1024, 24, 16, 768, 12, QuickGELU)},
	{"ViT-L-14-336", vit(768, 336, 14, 1024, 24, 16, 768, 12, QuickGELU)},
	{"RN50", resNetPreset(1024, 224, 64, [4]int{3, 4, 6, 3}, 512)},
	{"RN101", resNetPreset(512, 224, 64, [4]int{3, 4, 23, 3}, 512)},
	{"RN50x4", resNetPreset(640, 288, 80, [4]int{4, 6, 10, 6}, 640)},
	{"RN50x16", resNetPreset(768, 384, 96, [4]int{6, 8, 18, 8}, 768)},
	{"RN50x64", resNetPreset(1024, 448, 128, [4]int{3, 15, 36, 10}, 1024)},
	{"ViT-S-32", vit(384, 224, 32, 384, 12, 6, 384, 12, GELU)},
	{"ViT-H-14", vit(1024, 224, 14, 1280, 32, 16, 1024, 24, GELU)},
	{"ViT-g-14", withImageMLP(vit(1024, 224, 14, 1408, 40, 16, 1024, 24, GELU), 6144)},
}

// Preset gives a published architecture by the name that open_clip knows it by, such as "ViT-B-32". The
// activation is that of the weights which made the name known: QuickGELU for OpenAI's.
func Preset(name string) (Config, error) {
	known := make([]string, len(presets))
	for i, p := range presets {
		if p.name == name {
			return p.withDefaults(), nil
		}
		known[i] = p.name
	}
	return Config{}, fmt.Errorf("no architecture %q: known are %s", name, strings.Join(known, ", "))
}

func vit(embed, size, patch, width, layers, heads, textWidth, textLayers int, act Activation) Config {
	return Config{
		Embed:      embed,
		Image:      ImageConfig{Size: size, Patch: patch, Width: width, Layers: layers, Heads: heads},
		Text:       TextConfig{Context: 77, Vocab: 49408, Width: textWidth, Layers: textLayers, Heads: textWidth / 64},
		Activation: act,
	}
}

func resNetPreset(embed, size, width int, stages [4]int, textWidth int) Config {
	c := vit(embed, size, 0, width, 0, width/2, textWidth, 12, QuickGELU)
	c.Family, c.Image.Stages = ResNet, stages
	return c
}

func withImageMLP(c Config, width int) Config {
	c.Image.MLP = width
	return c
}
