package model

import (
	"fmt"
	"slices"
)

// Config says what a CLIP is made of.
type Config struct {
	Family     Family // which networks the towers are
	Embed      int    // width of the space that pictures and captions share
	Image      ImageConfig
	Text       TextConfig
	Activation Activation
	Preprocess Preprocess

	// Sigmoid says that a pair is scored by itself, by the sigmoid of its scaled cosine and a bias; else captions are
	// compared with each other, by a softmax.
	Sigmoid bool
}

// ImageConfig describes the image tower.
type ImageConfig struct {
	Size   int // height and width of the picture, in pixels
	Patch  int // height and width of a patch; what is left of Size beyond whole patches is not looked at
	Width  int // of a token; of a ResNet's stem, in channels
	Layers int
	Heads  int // a divisor of Width; of a ResNet's attention pooling, a divisor of 32·Width
	MLP    int // width inside a block's MLP; 0 means 4·Width

	// Stages are the blocks in each of a ResNet's four stages. It has no Patch, Layers and MLP.
	Stages [4]int
}

// TextConfig describes the text transformer.
type TextConfig struct {
	Context int // tokens in a row, padding included
	Vocab   int
	Width   int // of a token
	Layers  int
	Heads   int // a divisor of Width
	MLP     int // width inside a block's MLP; 0 means 4·Width

	// EndOfText is the id whose first position in a row gives the caption's embedding; where a row lacks it, its
	// first position does. 0 is the original's rule: the first position of the row's largest id.
	EndOfText int

	// Activation is that of the text tower where it is not that of the image tower.
	Activation Activation
}

// Preprocess says how a picture becomes the tower's input. Resampling is bicubic.
type Preprocess struct {
	Mean, Std [3]float32 // of the channels red, green, blue, in 0…1
	Squash    bool       // resize to a square; otherwise the shorter side is resized and the rest cropped
}

// OpenAIPreprocess is what the original models were trained with.
func OpenAIPreprocess() Preprocess {
	return Preprocess{
		Mean: [3]float32{0.48145466, 0.4578275, 0.40821073},
		Std:  [3]float32{0.26862954, 0.26130258, 0.27577711},
	}
}

// SigLIPPreprocess is what SigLIP's models were trained with.
func SigLIPPreprocess() Preprocess {
	half := [3]float32{0.5, 0.5, 0.5}
	return Preprocess{Mean: half, Std: half, Squash: true}
}

func (c Config) textActivation() Activation {
	if c.Text.Activation != ActivationUnknown {
		return c.Text.Activation
	}
	return c.Activation
}

// withDefaults fills in what a zero value stands for.
func (c Config) withDefaults() Config {
	if c.Image.MLP == 0 && c.Family != ResNet {
		c.Image.MLP = 4 * c.Image.Width
	}
	if c.Text.MLP == 0 {
		c.Text.MLP = 4 * c.Text.Width
	}
	if c.Preprocess == (Preprocess{}) {
		c.Preprocess = OpenAIPreprocess()
		if c.Family == SigLIP {
			c.Preprocess = SigLIPPreprocess()
		}
	}
	return c
}

// Validate checks that the numbers fit together and are of a size that a CLIP can have, so that a damaged
// configuration cannot ask for absurd amounts of memory.
func (c Config) Validate() error {
	c = c.withDefaults()
	if c.Family < 0 || int(c.Family) >= len(families) {
		return fmt.Errorf("family %d is none", c.Family)
	}
	err := limits{
		{"embed", c.Embed, 1 << 14},
		{"image size", c.Image.Size, 1 << 12},
		{"image width", c.Image.Width, 1 << 14},
		{"image heads", c.Image.Heads, 1 << 8},
		{"text context", c.Text.Context, 1 << 12},
		{"text vocabulary", c.Text.Vocab, 1 << 20},
		{"text width", c.Text.Width, 1 << 14},
		{"text layers", c.Text.Layers, 1 << 8},
		{"text heads", c.Text.Heads, 1 << 8},
		{"text mlp", c.Text.MLP, 1 << 16},
	}.check()
	if err != nil {
		return err
	}
	if err := families[c.Family].validate(c); err != nil {
		return err
	}
	if c.Text.Width%c.Text.Heads != 0 {
		return fmt.Errorf("text width %d is not a multiple of its %d heads", c.Text.Width, c.Text.Heads)
	}
	for _, a := range []Activation{c.Activation, c.textActivation()} {
		if !slices.Contains(families[c.Family].activations, a) {
			return fmt.Errorf("activation is %v", a)
		}
	}
	for i, s := range c.Preprocess.Std {
		if mean := c.Preprocess.Mean[i]; !(s > 0 && s < 1e6) || !(mean > -1e6 && mean < 1e6) {
			return fmt.Errorf("preprocess mean %v, std %v", c.Preprocess.Mean, c.Preprocess.Std)
		}
	}
	return nil
}

// limits are numbers that are to be from 1 to a most.
type limits []struct {
	name       string
	value, max int
}

func (l limits) check() error {
	for _, n := range l {
		if n.value < 1 || n.value > n.max {
			return fmt.Errorf("%s is %d, want 1 to %d", n.name, n.value, n.max)
		}
	}
	return nil
}
