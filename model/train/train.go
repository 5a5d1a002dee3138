// Package train teaches a CLIP on batches of pairs, step by step. It takes pixels and tokens as plain slices and
// knows nothing of where they come from; the caller decides what a batch is, in which order, and when to stop.
package train

import (
	"errors"
	"fmt"
	"math"

	"github.com/pairstream/pairstream/loss"
	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/optim"
	"github.com/pairstream/pairstream/model/tensor"
)

// Options says how a Trainer trains.
type Options struct {
	optim.Options
	Rate   optim.Cosine
	Clip   float64 // how long the gradient may be; 0 means any length
	Frozen model.Frozen

	// Chunk is how many pairs' activations are kept at a time; 0 means those of the whole batch. Where it is less
	// than a batch every pair is embedded twice, and the gradients are those of the whole batch all the same
	// (GradCache, Gao et al. 2021, https://arxiv.org/abs/2101.06983): only embeddings limit a batch.
	Chunk int

	// Distinct keeps pairs of the same caption from being held against each other: else, to learn one of them is to
	// unlearn the other.
	Distinct bool
}

// ErrDiverged says that the numbers of training have left all bounds.
var ErrDiverged = errors.New("training diverged: the learning rate is too high for it")

// A Trainer holds a model in training. It is for one goroutine at a time, and uses all processors itself; the same
// batches give the same weights, bit for bit, on any number of them.
type Trainer struct {
	options     Options
	learner     *model.Learner
	optimizer   *optim.AdamW
	logitScale  model.Parameter
	contrastive loss.Contrastive

	images, texts         []float32 // (N, Embed) as the towers give them
	unitImages, unitTexts []float32 // of unit length, and in Step's second half their gradients
}

// New makes a trainer that starts from c's weights; c stays as it is.
func New(c *model.CLIP, o Options) (*Trainer, error) {
	if o.Chunk < 0 || o.Clip < 0 || o.Decay < 0 || o.Rate.Peak <= 0 || o.Rate.Warmup < 0 || o.Rate.Steps <= o.Rate.Warmup {
		return nil, fmt.Errorf("train: chunk %d, clip %g, decay %g, rate %+v: want none negative, and more steps than those of the warm-up",
			o.Chunk, o.Clip, o.Decay, o.Rate)
	}
	learner, err := c.Learner(o.Frozen)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	t := &Trainer{options: o, learner: learner, optimizer: optim.NewAdamW(learner.Parameters(), o.Options)}
	for _, p := range learner.Parameters() {
		if p.Name == "logit_scale" {
			t.logitScale = p
		}
	}
	return t, nil
}

// Metrics are what one step tells.
type Metrics struct {
	loss.Metrics         // of the batch, before the step
	Step         int     // counted from 1
	Rate         float64 // the learning rate it was made with
	LogitScale   float64 // what cosines were multiplied by
	Duplicates   int     // captions that are in the batch before
	Gradient     float64 // how long the gradient was before clipping; 0 where it is not clipped
}

// maxLogitScale is the logarithm of 100, beyond which the original never lets the parameter go.
var maxLogitScale = float32(math.Log(100))

// Step takes one step on a batch: pixels (N, 3, S, S) and tokens (N, ContextLength), as EncodeImages and EncodeTexts
// take them; picture i and caption i are a pair. Where the loss is not a finite number, the error is ErrDiverged, and
// the weights stay as they are.
func (t *Trainer) Step(pixels []float32, tokens []int32) (Metrics, error) {
	c := t.learner.CLIP()
	size, length, embed := 3*c.ImageSize()*c.ImageSize(), c.ContextLength(), c.Embed()
	n := len(tokens) / length
	if n == 0 || len(tokens) != n*length || len(pixels) != n*size {
		return Metrics{}, fmt.Errorf("train: %d pixel values and %d tokens are no pairs of %d and %d", len(pixels), len(tokens), size, length)
	}
	for _, buffer := range []*[]float32{&t.images, &t.texts, &t.unitImages, &t.unitTexts} {
		if cap(*buffer) < n*embed {
			*buffer = make([]float32, n*embed)
		}
		*buffer = (*buffer)[:n*embed]
	}
	chunk := t.options.Chunk
	if chunk == 0 || chunk >= n {
		chunk = n
		t.learner.RecordImages(t.images, pixels)
		t.learner.RecordTexts(t.texts, tokens)
	} else {
		c.EncodeImages(t.images, pixels)
		c.EncodeTexts(t.texts, tokens)
	}

	same, duplicates := numberCaptions(tokens, length)
	if t.options.Distinct {
		t.contrastive.Same = same
	}
	m, err := t.lossAndGradients(float64(c.LogitScale()))
	m.Duplicates = duplicates
	if err != nil {
		return m, err
	}
	images, texts := t.learner.Learn()
	for from := 0; from < n; from += chunk {
		to := min(n, from+chunk)
		if images {
			if chunk < n {
				t.learner.RecordImages(t.images[from*embed:to*embed], pixels[from*size:to*size])
			}
			t.learner.BackwardImages(t.unitImages[from*embed : to*embed])
		}
		if texts {
			if chunk < n {
				t.learner.RecordTexts(t.texts[from*embed:to*embed], tokens[from*length:to*length])
			}
			t.learner.BackwardTexts(t.unitTexts[from*embed : to*embed])
		}
	}

	if t.options.Clip > 0 {
		m.Gradient = t.optimizer.Clip(t.options.Clip)
	}
	m.Rate = t.options.Rate.Rate(t.optimizer.Steps)
	t.optimizer.Step(m.Rate)
	m.Step = t.optimizer.Steps
	t.logitScale.Value[0] = min(max(t.logitScale.Value[0], 0), maxLogitScale)
	t.learner.Update()
	return m, nil
}

// lossAndGradients computes the loss of the embeddings, sets all gradients to zero but logit_scale's, and leaves those
// of the embeddings in unitImages and unitTexts.
func (t *Trainer) lossAndGradients(scale float64) (Metrics, error) {
	embed := t.learner.CLIP().Embed()
	tensor.Normalize(t.unitImages, t.images, embed)
	tensor.Normalize(t.unitTexts, t.texts, embed)
	metrics, err := t.contrastive.Forward(t.unitImages, t.unitTexts, embed, float32(scale))
	m := Metrics{Metrics: metrics, LogitScale: scale}
	if err != nil {
		return m, fmt.Errorf("train: %w", err)
	}
	if math.IsNaN(m.Loss) || math.IsInf(m.Loss, 0) {
		return m, fmt.Errorf("train: the loss of step %d is %g: %w", t.optimizer.Steps+1, m.Loss, ErrDiverged)
	}
	dimages, dtexts := make([]float32, len(t.images)), make([]float32, len(t.texts))
	dscale, err := t.contrastive.Backward(dimages, dtexts)
	if err != nil {
		return m, fmt.Errorf("train: %w", err)
	}
	tensor.NormalizeBackward(t.unitImages, dimages, t.images, embed)
	tensor.NormalizeBackward(t.unitTexts, dtexts, t.texts, embed)
	t.learner.ZeroGradients()
	t.logitScale.Gradient[0] = float32(dscale)
	return m, nil
}

// Steps counts the steps taken.
func (t *Trainer) Steps() int { return t.optimizer.Steps }

// Model copies the model as it stands.
func (t *Trainer) Model() *model.CLIP { return t.learner.Snapshot() }

// Live is the model itself, for a look between one Step and the next.
func (t *Trainer) Live() *model.CLIP { return t.learner.CLIP() }
