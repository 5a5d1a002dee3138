package model

import (
	"fmt"
	"slices"
	"strings"
)

// A Learner is a CLIP in training: weights of its own that may change, and their gradients. Recording and going
// backward use all processors; a Learner is for one goroutine at a time. The gradients are the same bits for any
// number of processors.
type Learner struct {
	clip       *CLIP
	parameters []Parameter
	image      half[visionTape, visionGradient]
	text       half[textTape, textGradient]
}

// half is what a tower needs to learn.
type half[Tape, Gradient any] struct {
	tape     Tape
	gradient Gradient
	first    int  // the first block that learns; 0 means the embeddings too
	learns   bool // whether anything in the tower does
	recorded int  // values of embeddings
}

// Parameter is one tensor of a model, named and shaped as in the original checkpoints.
type Parameter struct {
	Name     string
	Shape    []int     // empty for a scalar
	Value    []float32 // call Update when it has changed
	Gradient []float32 // nil where the tensor is frozen
}

// Frozen says which towers do not learn.
type Frozen struct {
	Image, Text bool
	Layers      int // this many of a frozen tower's last blocks learn after all, with the norm and the projection behind
}

// Learner makes a model that starts from c's weights; c stays as it is.
func (c *CLIP) Learner(frozen Frozen) (*Learner, error) {
	if c.config.Family != ViT {
		return nil, fmt.Errorf("model %s: training is for vision transformers, not for a %v", c.name, c.config.Family)
	}
	l := &Learner{}
	var err error
	if l.image.first, l.image.learns, err = frozen.first(frozen.Image, "image", c.config.Image.Layers); err != nil {
		return nil, err
	}
	if l.text.first, l.text.learns, err = frozen.first(frozen.Text, "text", c.config.Text.Layers); err != nil {
		return nil, err
	}
	values := make([][]float32, len(c.values))
	for i, p := range c.parameters {
		values[i] = slices.Clone(c.values[i])
		q := Parameter{Name: p.name, Shape: p.shape, Value: values[i]}
		if l.learns(p.name) {
			q.Gradient = make([]float32, len(q.Value))
		}
		l.parameters = append(l.parameters, q)
	}
	l.clip = build(c.name, c.config, c.parameters, values, nil)
	l.clip.tokenizer = c.tokenizer
	l.image.gradient = newVisionGradient(c.config, l.gradient)
	l.text.gradient = newTextGradient(c.config, l.gradient)
	return l, nil
}

// first gives the first block of a tower that learns.
func (f Frozen) first(tower bool, name string, layers int) (int, bool, error) {
	if !tower {
		return 0, true, nil
	}
	if f.Layers < 0 || f.Layers >= layers {
		return 0, false, fmt.Errorf("the last %d layers of a frozen %s tower are to learn, want 0 to %d", f.Layers, name, layers-1)
	}
	return layers - f.Layers, f.Layers > 0, nil
}

func (l *Learner) learns(name string) bool {
	rest, image := strings.CutPrefix(name, "visual.")
	first, learns := l.text.first, l.text.learns
	if image {
		first, learns = l.image.first, l.image.learns
	}
	if name == "logit_scale" || name == "logit_bias" || learns && first == 0 {
		return true
	}
	if block, ok := strings.CutPrefix(rest, "transformer.resblocks."); ok {
		var i int
		if _, err := fmt.Sscanf(block, "%d.", &i); err != nil {
			panic("model: no block in " + name)
		}
		return learns && i >= first
	}
	behind := []string{"ln_post.weight", "ln_post.bias", "ln_final.weight", "ln_final.bias", "proj", "text_projection"}
	return learns && slices.Contains(behind, rest)
}

func (l *Learner) gradient(name string) []float32 {
	for _, p := range l.parameters {
		if p.Name == name {
			return p.Gradient
		}
	}
	panic("model: no parameter " + name)
}

// Learn tells of each tower whether anything in it learns.
func (l *Learner) Learn() (images, texts bool) { return l.image.learns, l.text.learns }

// Parameters are all tensors of the model, logit_scale first, in the order of the network.
func (l *Learner) Parameters() []Parameter { return l.parameters }

// CLIP is the model as it stands, for use between one Update and the next.
func (l *Learner) CLIP() *CLIP { return l.clip }

// Snapshot copies the model as it stands.
func (l *Learner) Snapshot() *CLIP {
	c := l.clip
	values := make([][]float32, len(c.values))
	for i, v := range c.values {
		values[i] = slices.Clone(v)
	}
	copied := build(c.name, c.config, c.parameters, values, nil)
	copied.tokenizer, copied.trained = c.tokenizer, true
	return copied
}

// Update makes the towers see that parameters have changed: they keep some of them in forms of their own.
func (l *Learner) Update() {
	l.clip.assemble()
}

// ZeroGradients clears all gradients.
func (l *Learner) ZeroGradients() {
	for _, p := range l.parameters {
		clear(p.Gradient)
	}
}

// RecordImages is EncodeImages that keeps what BackwardImages needs, which is much more than the weights where the
// pictures are many. pixels must stay as they are until then. Of a tower that does not learn nothing is kept.
func (l *Learner) RecordImages(dst, pixels []float32) {
	l.image.recorded = len(dst)
	if !l.image.learns {
		l.clip.EncodeImages(dst, pixels)
		return
	}
	l.clip.checkImages(dst, pixels)
	l.visionTower().record(&l.image.tape, dst, pixels)
}

// BackwardImages adds to the gradients what ddst (N, Embed), the gradient of the embeddings that RecordImages
// computed last, makes of them.
func (l *Learner) BackwardImages(ddst []float32) {
	if checkRecorded(len(ddst), l.image.recorded); l.image.learns && len(ddst) > 0 {
		l.visionTower().backward(&l.image.gradient, &l.image.tape, ddst, l.image.first)
	}
}

// RecordTexts is EncodeTexts that keeps what BackwardTexts needs.
func (l *Learner) RecordTexts(dst []float32, tokens []int32) {
	l.text.recorded = len(dst)
	if !l.text.learns {
		l.clip.EncodeTexts(dst, tokens)
		return
	}
	l.textTower().record(&l.text.tape, dst, l.clip.cutTexts(dst, tokens))
}

// BackwardTexts is BackwardImages for what RecordTexts computed last.
func (l *Learner) BackwardTexts(ddst []float32) {
	if checkRecorded(len(ddst), l.text.recorded); l.text.learns && len(ddst) > 0 {
		l.textTower().backward(&l.text.gradient, &l.text.tape, ddst, l.text.first)
	}
}

func checkRecorded(got, want int) {
	if got != want {
		panic(fmt.Sprintf("model: gradient of %d values for embeddings of %d", got, want))
	}
}

// visionTower and textTower are of the only family that learns.
func (l *Learner) visionTower() *vision { return l.clip.vision.(*vision) }

func (l *Learner) textTower() *text { return l.clip.text.(*text) }
