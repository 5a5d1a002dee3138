package model

import (
	"fmt"
	"math"
	"strings"

	"github.com/pairstream/pairstream/model/checkpoint"
)

// infer reads the architecture off the shapes of a checkpoint with the original's names, as the original does
// (openai/CLIP, model.py, build_model): heads are 64 wide. It leaves the activation open.
func infer(f *checkpoint.File, names naming) (Config, error) {
	if _, ok := names.(originalNames); !ok {
		return Config{}, fmt.Errorf("%s has Hugging Face names, which need a %s", f.Name(), huggingFaceConfig)
	}
	var first error
	shape := func(name string, rank int) []int {
		stored, _ := names.stored(name)
		t, ok := f.Tensor(stored[0])
		if ok && len(t.Shape) == rank {
			return t.Shape
		}
		if first == nil && ok {
			first = fmt.Errorf("%s: tensor %s has shape %v, want %d dimensions", t.File(), t.Name, t.Shape, rank)
		} else if first == nil {
			first = fmt.Errorf("%s: tensor %s is missing", f.Name(), stored[0])
		}
		return make([]int, rank)
	}
	layers := func(prefix string) int {
		for n := 0; ; n++ {
			stored, _ := names.stored(fmt.Sprintf("%s.%d.ln_1.weight", prefix, n))
			if _, ok := f.Tensor(stored[0]); !ok {
				return n
			}
		}
	}
	conv, vision := shape("visual.conv1.weight", 4), "visual.transformer.resblocks"
	patches := max(0, shape("visual.positional_embedding", 2)[0]-1)
	token, text := shape("token_embedding.weight", 2), "transformer.resblocks"
	cfg := Config{
		Embed: shape("visual.proj", 2)[1],
		Image: ImageConfig{
			Size:   conv[3] * int(math.Round(math.Sqrt(float64(patches)))),
			Patch:  conv[3],
			Width:  conv[0],
			Layers: layers(vision),
			Heads:  conv[0] / 64,
			MLP:    shape(vision+".0.mlp.c_fc.weight", 2)[0],
		},
		Text: TextConfig{
			Context: shape("positional_embedding", 2)[0],
			Vocab:   token[0],
			Width:   token[1],
			Layers:  layers(text),
			Heads:   token[1] / 64,
			MLP:     shape(text+".0.mlp.c_fc.weight", 2)[0],
		},
	}
	if first != nil && hasResNet(f) {
		return Config{}, fmt.Errorf("%s: a ResNet image tower is not supported", f.Name())
	}
	return cfg, first
}

func hasResNet(f *checkpoint.File) bool {
	for _, name := range f.Names() {
		if strings.Contains(name, "visual.layer1.") {
			return true
		}
	}
	return false
}
