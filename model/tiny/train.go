package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/optim"
	"github.com/pairstream/pairstream/model/train"
)

// learn goes through the stages of a lesson, from c on. The same seed gives the same weights, bit for bit, on any number
// of processors of a kind.
func learn(c *model.CLIP, lesson []stage, words vocabulary, seed uint64, log io.Writer) (*model.CLIP, error) {
	for i, s := range lesson {
		begin, err := grow(c, s.config(len(words)), seed)
		if err != nil {
			return nil, err
		}
		if c, err = s.learn(begin, words, seed+uint64(i)<<32, log); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return grow(c, final.config(len(words)), seed)
}

// learn trains c through the stage.
func (s stage) learn(c *model.CLIP, words vocabulary, seed uint64, log io.Writer) (*model.CLIP, error) {
	trainer, err := train.New(c, train.Options{
		Options: optim.Options{Decay: 0.05, Exempt: []string{"token_embedding.weight"}},
		Rate:    optim.Cosine{Peak: s.rate, Warmup: min(warmup, s.steps-1), Steps: s.steps},
		Clip:    1,
	})
	if err != nil {
		return nil, err
	}
	const every = 100
	begun := time.Now()
	var loss, accuracy float64
	b := batch{pixels: make([]float32, s.batch*3*s.side*s.side), tokens: make([]int32, s.batch*c.ContextLength())}
	for step := range s.steps {
		b.draw(s.draw(rand.New(rand.NewPCG(seed, uint64(step))), s.batch), words, s.side)
		m, err := trainer.Step(b.pixels, b.tokens)
		if err != nil {
			return nil, err
		}
		loss, accuracy = loss+m.Loss/every, accuracy+m.ImageToText/every
		if m.Step%every == 0 {
			fmt.Fprintf(log, "%s: step %d of %d, loss %.3f, accuracy %.3f, %.0f pairs/s\n", s.name, m.Step, s.steps, loss, accuracy,
				float64(m.Step*s.batch)/time.Since(begun).Seconds())
			loss, accuracy = 0, 0
		}
	}
	return trainer.Model(), nil
}

// A batch is pairs as a trainer takes them.
type batch struct {
	pixels []float32 // (N, 3, side, side)
	tokens []int32   // (N, 77)
}

// draw fills the batch, on all processors.
func (b batch) draw(pairs []pair, words vocabulary, side int) {
	size, length := len(b.pixels)/len(pairs), len(b.tokens)/len(pairs)
	var all sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		all.Go(func() {
			for i := w; i < len(pairs); i += workers {
				pixels(b.pixels[i*size:(i+1)*size], pairs[i].scene, side)
				words.encode(b.tokens[i*length:(i+1)*length], pairs[i].caption)
			}
		})
	}
	all.Wait()
}
