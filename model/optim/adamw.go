// Package optim changes weights by their gradients as CLIP's training does: AdamW with decoupled decay, a learning
// rate that warms up and falls along a cosine, and, by option, gradients clipped by their norm.
package optim

import (
	"math"
	"slices"
	"strings"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/tensor"
)

// Options says how AdamW moves. A zero field stands for its default, but for Decay, whose zero is none.
type Options struct {
	Decay        float64  // of weights, a step and a unit of rate; open_clip's default is 0.2
	Exempt       []string // tensors that do not decay, beside those that Decays names
	Beta1, Beta2 float64  // 0.9 and 0.98, as for every CLIP with a vision transformer
	Epsilon      float64  // 1e-6
}

func (o Options) withDefaults() Options {
	set := func(v *float64, to float64) {
		if *v == 0 {
			*v = to
		}
	}
	set(&o.Beta1, 0.9)
	set(&o.Beta2, 0.98)
	set(&o.Epsilon, 1e-6)
	return o
}

// AdamW is the optimiser of Loshchilov and Hutter (2019, https://arxiv.org/abs/1711.05101) in the float32 steps that
// PyTorch takes. It is used by one goroutine at a time, and uses all processors.
type AdamW struct {
	Options
	Steps int // taken so far
	state []State
}

// State is what AdamW knows of one tensor: running means of its gradient and of the gradient's square.
type State struct {
	model.Parameter
	First, Second []float32 // nil where the tensor is frozen
	decays        bool
}

// NewAdamW starts with the moments of all parameters at zero.
func NewAdamW(parameters []model.Parameter, o Options) *AdamW {
	a := &AdamW{Options: o.withDefaults()}
	for _, p := range parameters {
		s := State{Parameter: p, decays: Decays(p.Name, p.Shape) && !slices.Contains(o.Exempt, p.Name)}
		if p.Gradient != nil {
			s.First, s.Second = make([]float32, len(p.Value)), make([]float32, len(p.Value))
		}
		a.state = append(a.state, s)
	}
	return a
}

// State is what a checkpoint must keep, one for each parameter, beside Steps.
func (a *AdamW) State() []State { return a.state }

// Decays tells whether a tensor is pulled towards zero: matrices are, and neither vectors nor what has ln, bn, bias
// or logit_scale in its name (open_clip, open_clip_train/main.py).
func Decays(name string, shape []int) bool {
	for _, part := range []string{"bn", "ln", "bias", "logit_scale"} {
		if strings.Contains(name, part) {
			return false
		}
	}
	return len(shape) >= 2
}

// block is how many values of a tensor are worked on at a time.
const block = 1 << 14

// Step moves all parameters that are not frozen by their gradients, at a learning rate. With g the gradient and t
// the number of steps, this one included:
//
//	p *= 1 - rate·decay
//	m += (1-β₁)·(g - m)
//	v = β₂·v + (1-β₂)·g²
//	p -= rate/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + ε)
func (a *AdamW) Step(rate float64) {
	a.Steps++
	correct1 := 1 - math.Pow(a.Beta1, float64(a.Steps))
	correct2 := float32(math.Sqrt(1 - math.Pow(a.Beta2, float64(a.Steps))))
	size, epsilon := float32(rate/correct1), float32(a.Epsilon)
	beta1, beta2, toward := float32(1-a.Beta1), float32(a.Beta2), float32(1-a.Beta2)
	a.blocks(func(s *State, from, to int) {
		keep := float32(1)
		if s.decays {
			keep = float32(1 - rate*a.Decay)
		}
		tensor.AdamW(s.Value[from:to], s.First[from:to], s.Second[from:to], s.Gradient[from:to],
			keep, size, beta1, beta2, toward, correct2, epsilon)
	})
}

// blocks visits every part of every tensor that is not frozen.
func (a *AdamW) blocks(visit func(s *State, from, to int)) {
	type part struct {
		s        *State
		from, to int
	}
	var parts []part
	for i := range a.state {
		s := &a.state[i]
		for from := 0; from < len(s.Gradient); from += block {
			parts = append(parts, part{s, from, min(len(s.Gradient), from+block)})
		}
	}
	tensor.Split(len(parts), func(i int) { visit(parts[i].s, parts[i].from, parts[i].to) })
}

// Clip scales all gradients so that together they are at most most long, and returns how long they were.
func (a *AdamW) Clip(most float64) float64 {
	var squares float64
	for _, s := range a.state {
		for _, g := range s.Gradient {
			squares += float64(g) * float64(g)
		}
	}
	length := math.Sqrt(squares)
	if scale := float32(most / (length + 1e-6)); scale < 1 {
		a.blocks(func(s *State, from, to int) {
			for i := from; i < to; i++ {
				s.Gradient[i] *= scale
			}
		})
	}
	return length
}
