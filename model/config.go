package model

import "fmt"

// Config says what a CLIP is made of. The towers are transformers of the original's shape.
type Config struct {
	Embed      int // width of the space that pictures and captions share
	Image      ImageConfig
	Text       TextConfig
	Activation Activation
	Preprocess Preprocess
}

// ImageConfig describes the vision transformer.
type ImageConfig struct {
	Size   int // height and width of the picture, in pixels
	Patch  int // height and width of a patch; a divisor of Size
	Width  int // of a token
	Layers int
	Heads  int // a divisor of Width
	MLP    int // width inside a block's MLP; 0 means 4·Width
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
}

// Preprocess says how a picture becomes the tower's input. Resampling is bicubic.
type Preprocess struct {
	Mean, Std [3]float32 // of the channels red, green, blue, in 0…1
	Squash    bool       // resize to a square; otherwise the shorter side is resized and the rest cropped
}

// Activation is the non-linearity between the two layers of an MLP. The shapes of a checkpoint's tensors
// cannot tell which it was trained with.
type Activation int

// The activations of published CLIP models.
const (
	ActivationUnknown Activation = iota
	QuickGELU                    // x·sigmoid(1.702·x): OpenAI's own weights and those trained like them
	GELU                         // x·Φ(x): most open_clip weights
)

func (a Activation) String() string {
	switch a {
	case QuickGELU:
		return "quick_gelu"
	case GELU:
		return "gelu"
	}
	return "unknown"
}

// ParseActivation reads an activation's name, as String gives it. The empty string is ActivationUnknown.
func ParseActivation(name string) (Activation, error) {
	for _, a := range []Activation{QuickGELU, GELU} {
		if name == a.String() {
			return a, nil
		}
	}
	if name == "" {
		return ActivationUnknown, nil
	}
	return ActivationUnknown, fmt.Errorf("activation %q is neither %v nor %v", name, QuickGELU, GELU)
}

// OpenAIPreprocess is what the original models were trained with.
func OpenAIPreprocess() Preprocess {
	return Preprocess{
		Mean: [3]float32{0.48145466, 0.4578275, 0.40821073},
		Std:  [3]float32{0.26862954, 0.26130258, 0.27577711},
	}
}

// tokens is the length of the vision transformer's sequence: the class token and one for each patch.
func (c ImageConfig) tokens() int { return 1 + c.grid()*c.grid() }

func (c ImageConfig) grid() int { return c.Size / c.Patch }

// withDefaults fills in what a zero value stands for.
func (c Config) withDefaults() Config {
	if c.Image.MLP == 0 {
		c.Image.MLP = 4 * c.Image.Width
	}
	if c.Text.MLP == 0 {
		c.Text.MLP = 4 * c.Text.Width
	}
	if c.Preprocess == (Preprocess{}) {
		c.Preprocess = OpenAIPreprocess()
	}
	return c
}

// Validate checks that the numbers fit together and are of a size that a CLIP can have, so that a damaged
// configuration cannot ask for absurd amounts of memory.
func (c Config) Validate() error {
	c = c.withDefaults()
	for _, n := range []struct {
		name       string
		value, max int
	}{
		{"embed", c.Embed, 1 << 14},
		{"image size", c.Image.Size, 1 << 12},
		{"image patch", c.Image.Patch, 1 << 8},
		{"image width", c.Image.Width, 1 << 14},
		{"image layers", c.Image.Layers, 1 << 8},
		{"image heads", c.Image.Heads, 1 << 8},
		{"image mlp", c.Image.MLP, 1 << 16},
		{"text context", c.Text.Context, 1 << 12},
		{"text vocabulary", c.Text.Vocab, 1 << 20},
		{"text width", c.Text.Width, 1 << 14},
		{"text layers", c.Text.Layers, 1 << 8},
		{"text heads", c.Text.Heads, 1 << 8},
		{"text mlp", c.Text.MLP, 1 << 16},
	} {
		if n.value < 1 || n.value > n.max {
			return fmt.Errorf("%s is %d, want 1 to %d", n.name, n.value, n.max)
		}
	}
	if c.Image.Size%c.Image.Patch != 0 {
		return fmt.Errorf("image size %d is not a multiple of patch %d", c.Image.Size, c.Image.Patch)
	}
	if n := c.Image.tokens(); n > 1<<13 {
		return fmt.Errorf("image size %d in patches of %d makes %d tokens, more than %d", c.Image.Size, c.Image.Patch, n, 1<<13)
	}
	if c.Image.Width%c.Image.Heads != 0 {
		return fmt.Errorf("image width %d is not a multiple of its %d heads", c.Image.Width, c.Image.Heads)
	}
	if c.Text.Width%c.Text.Heads != 0 {
		return fmt.Errorf("text width %d is not a multiple of its %d heads", c.Text.Width, c.Text.Heads)
	}
	if c.Activation != QuickGELU && c.Activation != GELU {
		return fmt.Errorf("activation is %v", c.Activation)
	}
	for i, s := range c.Preprocess.Std {
		if mean := c.Preprocess.Mean[i]; !(s > 0 && s < 1e6) || !(mean > -1e6 && mean < 1e6) {
			return fmt.Errorf("preprocess mean %v, std %v", c.Preprocess.Mean, c.Preprocess.Std)
		}
	}
	return nil
}
