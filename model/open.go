package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/tokenizer"
)

// ErrActivation says that nothing in a directory tells which activation the model was trained with.
var ErrActivation = errors.New("nothing says which activation the model has, quickgelu (as OpenAI's own weights) or gelu (as most others)")

// Options is what OpenWith needs to know where the files do not say it, or say it wrongly.
type Options struct {
	Activation Activation // goes before what the files say; ActivationUnknown leaves it to them
}

// Open reads a model from a directory as people have them:
//
//   - open_clip: open_clip_config.json with open_clip_model.safetensors (or open_clip_pytorch_model.safetensors,
//     or model.safetensors)
//   - Hugging Face: config.json with model.safetensors, or with model.safetensors.index.json and its shards, and,
//     where there is one, preprocessor_config.json
//   - a model.safetensors alone, with the original's names: the shapes give the architecture, and OpenWith the
//     activation, unless the tensors are all that an archive of OpenAI's holds
//
// Weights may be F32, F16 or BF16; they are computed with as float32. The files are mapped, and stay so until
// Close. A tensor that is missing, too many, of another shape than the configuration says, or not finite is an
// error that names it. The tokenizer is the directory's own where it has one, see [tokenizer.Open].
func Open(dir string) (*CLIP, error) { return OpenWith(dir, Options{}) }

// OpenWith is Open for a directory that leaves something open.
func OpenWith(dir string, options Options) (*CLIP, error) {
	c, err := open(dir, options)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", dir, err)
	}
	c.tokenizer, err = tokenizer.Open(dir)
	if err == nil {
		err = c.config.fits(c.tokenizer)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("model %s: %w", dir, err), c.Close())
	}
	return c, nil
}

// fits checks that the text tower can take what the tokenizer makes.
func (c Config) fits(t *tokenizer.Tokenizer) error {
	if families[c.Family].pieces != t.Pieces() {
		return fmt.Errorf("the tokenizer of a %v is missing, or another's is there", c.Family)
	}
	if c.Text.Vocab < t.Size() {
		return fmt.Errorf("a vocabulary of %d, but the tokenizer has %d ids", c.Text.Vocab, t.Size())
	}
	if c.Text.EndOfText != 0 && c.Text.EndOfText != int(t.End()) {
		return fmt.Errorf("texts are said to end with id %d, but the tokenizer ends them with %d", c.Text.EndOfText, t.End())
	}
	return nil
}

// open is OpenWith without the tokenizer.
func open(dir string, options Options) (*CLIP, error) {
	files, err := find(dir)
	if err != nil {
		return nil, err
	}
	weights, err := checkpoint.Open(filepath.Join(dir, files.weights))
	if err != nil {
		return nil, err
	}
	c, err := assemble(dir, files, weights, options)
	if err != nil {
		return nil, errors.Join(err, weights.Close())
	}
	return c, nil
}

func assemble(dir string, files layout, weights *checkpoint.File, options Options) (*CLIP, error) {
	names, err := namingOf(weights)
	if err != nil {
		return nil, err
	}
	cfg, err := configure(dir, files, weights, names)
	if err != nil {
		return nil, err
	}
	if options.Activation != ActivationUnknown {
		cfg.Activation, cfg.Text.Activation = options.Activation, ActivationUnknown
	}
	if cfg.Activation == ActivationUnknown {
		return nil, ErrActivation
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", files, err)
	}
	cfg = cfg.withDefaults()
	list := cfg.parameters()
	values, err := load(weights, names, list)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	c := build(filepath.Base(abs), cfg, list, values, weights)
	c.trained = true
	return c, nil
}

// configure reads or infers what the model is made of.
func configure(dir string, files layout, weights *checkpoint.File, names naming) (Config, error) {
	if files.config == "" {
		return infer(weights, names)
	}
	text, err := readConfig(dir, files.config)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", files.config, err)
	}
	if files.config == openCLIPConfig {
		cfg, err := parseOpenCLIP(text)
		if err != nil {
			return cfg, fmt.Errorf("%s: %w", files.config, err)
		}
		return cfg, nil
	}
	preprocess, err := readConfig(dir, preprocessConfig)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("%s: %w", preprocessConfig, err)
	}
	return parseHuggingFace(text, preprocess)
}

// The files that make a directory a model.
const (
	openCLIPConfig    = "open_clip_config.json"
	openCLIPWeights   = "open_clip_model.safetensors"
	huggingFaceConfig = "config.json"
	preprocessConfig  = "preprocessor_config.json"
	plainWeights      = "model.safetensors"
)

// layout holds the names of a model's configuration, "" where there is none, and weights.
type layout struct{ config, weights string }

// String names the file that a wrong Config comes from.
func (l layout) String() string {
	if l.config == "" {
		return l.weights
	}
	return l.config
}

// find chooses among a directory's files. Repositories often hold both an open_clip and a Hugging Face
// model: each configuration goes with its own weights first.
func find(dir string) (layout, error) {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return name == "" || err == nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return layout{}, errors.Unwrap(err) // the path is in the message already
	}
	if !info.IsDir() {
		if pickled(dir) {
			return layout{}, errPickle
		}
		return layout{}, fmt.Errorf("not a directory that holds a model: %w", fs.ErrInvalid)
	}
	for _, f := range []layout{
		{openCLIPConfig, openCLIPWeights},
		{openCLIPConfig, "open_clip_pytorch_model.safetensors"},
		{huggingFaceConfig, plainWeights},
		{huggingFaceConfig, plainWeights + ".index.json"},
		{openCLIPConfig, plainWeights},
		{"", plainWeights},
	} {
		if has(f.config) && has(f.weights) {
			return f, nil
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return layout{}, errors.Unwrap(err)
	}
	for _, e := range entries {
		if pickled(e.Name()) {
			return layout{}, fmt.Errorf("no safetensors file, only %s: %w", e.Name(), errPickle)
		}
	}
	return layout{}, fmt.Errorf("no %s or %s: %w", plainWeights, openCLIPWeights, fs.ErrNotExist)
}

var errPickle = errors.New("a pickled PyTorch file runs code when it is read: convert it to safetensors first")

func pickled(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".pt", ".pth", ".bin", ".ckpt":
		return true
	}
	return false
}
