// Package model is CLIP itself, on plain slices: an image tower and a text tower that meet in one
// embedding space (Radford et al. 2021, https://arxiv.org/abs/2103.00020). It computes what the original
// implementation computes, and reads the checkpoints people have.
//
// Read this file first, then tower.go and family.go: what a tower is, and which there are. vision.go, text.go and block.go
// are the network of most from the outside in, resnet.go and siglip.go the others', parameters.go
// names every tensor, and open.go finds them in a directory. learner.go, and the files in _train, are for training.
package model

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/tensor"
	"github.com/pairstream/pairstream/model/tokenizer"
)

// CLIP embeds pictures and captions. Its methods may be called from many goroutines at once, except Close.
type CLIP struct {
	name        string
	config      Config
	trained     bool
	parameters  []parameter
	values      [][]float32 // of parameters, one for one; read-only where they are mapped
	fingerprint string
	tokenizer   *tokenizer.Tokenizer
	vision      imageTower
	text        textTower
	precision   tensor.Precision
	images      func() imageEncoder // vision, packed when it is first needed
	texts       func() captionEncoder
	checkpoint  *checkpoint.File // what values point into; nil where they are our own
}

// EncodeImages embeds pictures. pixels is (N, 3, S, S): normalised, channel by channel, S = ImageSize. dst is
// (N, Embed) and gets the embeddings as the projection leaves them, not of unit length. A row's embedding is the
// same, bit for bit, whatever rows it is encoded with, and however many processors there are.
func (c *CLIP) EncodeImages(dst, pixels []float32) {
	n, size, embed := c.checkImages(dst, pixels), 3*c.config.Image.Size*c.config.Image.Size, c.config.Embed
	calls := evenly((n+c.vision.pictures()-1)/c.vision.pictures(), n)
	tensor.SplitNested(calls, func(i int) {
		from, to := n*i/calls, n*(i+1)/calls
		c.images().encode(dst[from*embed:to*embed], pixels[from*size:to*size], runtime.GOMAXPROCS(0)/calls)
	})
}

// evenly raises a number of calls to one that gives each processor as many, unless that is more than most.
func evenly(calls, most int) int {
	processors := runtime.GOMAXPROCS(0)
	if even := (calls + processors - 1) / processors * processors; even <= most {
		return even
	}
	return calls
}

// checkImages counts the pictures.
func (c *CLIP) checkImages(dst, pixels []float32) int {
	size, embed := 3*c.config.Image.Size*c.config.Image.Size, c.config.Embed
	n := len(dst) / embed
	if len(dst) != n*embed || len(pixels) != n*size {
		panic(fmt.Sprintf("model: %d pixel values to %d of embeddings, want %d to %d a picture", len(pixels), len(dst), size, embed))
	}
	return n
}

// EncodeTexts embeds captions. tokens is (N, ContextLength), each row padded behind its end-of-text token; dst is
// (N, Embed), as EncodeImages leaves it. Only the tokens up to the end of the text are looked at: under the
// causal mask the rest cannot change the embedding. It panics on an id outside the vocabulary.
func (c *CLIP) EncodeTexts(dst []float32, tokens []int32) {
	rows, embed := c.cutTexts(dst, tokens), c.config.Embed
	total, longest, most := 0, 0, c.text.tokens()
	for _, row := range rows {
		total, longest = total+len(row), max(longest, len(row))
	}
	calls := evenly((total+most-1)/most, max(1, total/fewestRows))
	runs := split(rows, min(most, total/max(1, calls)+longest)) // at most so many
	tensor.SplitNested(len(runs), func(i int) {
		from, to := runs[i].from, runs[i].to
		c.texts().encode(dst[from*embed:to*embed], rows[from:to], runtime.GOMAXPROCS(0)/len(runs))
	})
}

// cutTexts shortens each row of tokens to what its embedding depends on.
func (c *CLIP) cutTexts(dst []float32, tokens []int32) [][]int32 {
	context, embed := c.config.Text.Context, c.config.Embed
	n := len(dst) / embed
	if len(dst) != n*embed || len(tokens) != n*context {
		panic(fmt.Sprintf("model: %d tokens to %d values of embeddings, want %d to %d a caption", len(tokens), len(dst), context, embed))
	}
	rows := make([][]int32, n)
	for i := range rows {
		rows[i] = c.text.cut(i, tokens[i*context:(i+1)*context])
	}
	return rows
}

// Config describes the model.
func (c *CLIP) Config() Config { return c.config }

// Embed is the width of an embedding.
func (c *CLIP) Embed() int { return c.config.Embed }

// ImageSize is the height and width of the pictures that EncodeImages takes.
func (c *CLIP) ImageSize() int { return c.config.Image.Size }

// ContextLength is the number of tokens in a row that EncodeTexts takes.
func (c *CLIP) ContextLength() int { return c.config.Text.Context }

// LogitScale is what the cosine of a picture and a caption is multiplied by before the softmax: the exponential
// of the parameter that training learns.
func (c *CLIP) LogitScale() float32 {
	return float32(math.Exp(float64(c.value("logit_scale")[0])))
}

// LogitBias is what is added to a scaled cosine before the sigmoid, where the model scores pairs so: see Config.
func (c *CLIP) LogitBias() float32 {
	if !c.config.Sigmoid {
		return 0
	}
	return c.value("logit_bias")[0]
}

// Tokenizer makes the tokens that EncodeTexts takes.
func (c *CLIP) Tokenizer() *tokenizer.Tokenizer { return c.tokenizer }

// Name is the base name of the directory that the model came from, or "tiny" or "untrained".
func (c *CLIP) Name() string { return c.name }

// Trained tells whether the weights come from a checkpoint rather than from New.
func (c *CLIP) Trained() bool { return c.trained }

// Fingerprint is 16 hex digits over configuration, weights and precision. Every layout and file of one model has the same,
// as long as its values are.
func (c *CLIP) Fingerprint() string { return withPrecision(c.fingerprint, c.precision) }

// Parameters counts the model's weights.
func (c *CLIP) Parameters() int {
	n := 0
	for _, v := range c.values {
		n += len(v)
	}
	return n
}

// Close frees the memory of a model that Open mapped. Nothing else of the model may be used at the same time
// or afterwards. A model that is not mapped stays as it is.
func (c *CLIP) Close() error {
	if c.checkpoint == nil {
		return nil
	}
	c.values, c.vision, c.text = nil, nil, nil
	return c.checkpoint.Close()
}

// build makes a model of its parameters, whose values may point into a checkpoint.
func build(name string, cfg Config, list []parameter, values [][]float32, from *checkpoint.File) *CLIP {
	c := &CLIP{name: name, config: cfg, parameters: list, values: values, checkpoint: from}
	c.fingerprint = fingerprint(cfg, list, values, c.forget)
	c.assemble()
	return c
}

// assemble makes the towers of the values. What they are packed into is made when it is first needed.
func (c *CLIP) assemble() {
	made := families[c.config.Family]
	c.vision, c.text = made.image(c.config, c.value), made.text(c.config, c.value)
	c.images = sync.OnceValue(func() imageEncoder { return c.vision.pack(c.precision, c.forget) })
	c.texts = sync.OnceValue(func() captionEncoder { return c.text.pack(c.precision, c.forget) })
}

// forget gives back the memory of a mapped file whose tensors have been looked at: the pages stay the file's.
func (c *CLIP) forget() {
	if c.checkpoint != nil {
		c.checkpoint.Forget()
	}
}

// value finds a tensor by the name it has in the original checkpoints.
func (c *CLIP) value(name string) []float32 {
	for i, p := range c.parameters {
		if p.name == name {
			return c.values[i]
		}
	}
	panic("model: no parameter " + name)
}
