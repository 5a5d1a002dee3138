package model

import (
	"fmt"
	"math"

	"github.com/pairstream/pairstream/model/checkpoint"
)

// infer reads the architecture off the shapes of a checkpoint with the original's names, as the original does
// (openai/CLIP, model.py, build_model): heads are 64 wide. The shapes leave the activation open; of OpenAI's own archives,
// whose three numbers no one else's have, it is known.
func infer(f *checkpoint.File, names naming) (Config, error) {
	if theirs, ok := names.(tableNames); ok {
		return Config{}, fmt.Errorf("%s has %s names, which need %s beside them", f.Name(), theirs.whose, theirs.config)
	}
	s := shapes{file: f, names: names}
	var cfg Config
	if s.has("visual.layer1.0.conv1.weight") {
		cfg.Family, cfg.Embed, cfg.Image = ResNet, s.of("visual.attnpool.c_proj.weight", 2)[0], s.resNet()
	} else {
		cfg.Embed, cfg.Image = s.of("visual.proj", 2)[1], s.vision()
	}
	token, text := s.of("token_embedding.weight", 2), "transformer.resblocks"
	cfg.Text = TextConfig{
		Context: s.of("positional_embedding", 2)[0],
		Vocab:   token[0],
		Width:   token[1],
		Layers:  s.count(text + ".%d.ln_1.weight"),
		Heads:   token[1] / 64,
		MLP:     s.of(text+".0.mlp.c_fc.weight", 2)[0],
	}
	cfg.Sigmoid = s.has("logit_bias")
	if s.has("input_resolution") && s.has("context_length") && s.has("vocab_size") {
		cfg.Activation = QuickGELU
	}
	return cfg, s.err
}

// shapes looks at the tensors of a checkpoint by their original names, and remembers the first that is not as it should be.
type shapes struct {
	file  *checkpoint.File
	names naming
	err   error
}

func (s *shapes) find(name string) (*checkpoint.Tensor, string, bool) {
	stored, _ := s.names.stored(name)
	t, ok := s.file.Tensor(stored[0].name)
	return t, stored[0].name, ok
}

func (s *shapes) has(name string) bool {
	_, _, ok := s.find(name)
	return ok
}

// of is the shape of a tensor, or one of zeros.
func (s *shapes) of(name string, rank int) []int {
	t, stored, ok := s.find(name)
	if ok && len(t.Shape) == rank {
		return t.Shape
	}
	if s.err == nil && ok {
		s.err = fmt.Errorf("%s: tensor %s has shape %v, want %d dimensions", t.File(), t.Name, t.Shape, rank)
	} else if s.err == nil {
		s.err = fmt.Errorf("%s: tensor %s is missing", s.file.Name(), stored)
	}
	return make([]int, rank)
}

// count tells how many tensors there are whose names have the numbers from 0 on in a place.
func (s *shapes) count(format string) int {
	n := 0
	for s.has(fmt.Sprintf(format, n)) {
		n++
	}
	return n
}

func (s *shapes) vision() ImageConfig {
	conv, blocks := s.of("visual.conv1.weight", 4), "visual.transformer.resblocks"
	return ImageConfig{
		Size:   conv[3] * gridOf(s.of("visual.positional_embedding", 2)[0]),
		Patch:  conv[3],
		Width:  conv[0],
		Layers: s.count(blocks + ".%d.ln_1.weight"),
		Heads:  conv[0] / 64,
		MLP:    s.of(blocks+".0.mlp.c_fc.weight", 2)[0],
	}
}

func (s *shapes) resNet() ImageConfig {
	width := s.of("visual.layer1.0.conv1.weight", 4)[0]
	im := ImageConfig{
		Size:  32 * gridOf(s.of("visual.attnpool.positional_embedding", 2)[0]),
		Width: width,
		Heads: 32 * width / 64,
	}
	for i := range im.Stages {
		im.Stages[i] = s.count(fmt.Sprintf("visual.layer%d.%%d.conv1.weight", i+1))
	}
	return im
}

// gridOf is the side of a square of as many positions, but for the one that stands for all.
func gridOf(positions int) int { return int(math.Round(math.Sqrt(float64(max(0, positions-1))))) }
