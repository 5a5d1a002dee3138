package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/optim"
	"github.com/pairstream/pairstream/model/tokenizer"
	"github.com/pairstream/pairstream/model/train"
)

// steps trains.
func steps(s *session) (table, []trial, error) {
	const n, name = 64, "ViT-S-32"
	threads := runtime.NumCPU()
	t := table{Name: "training", Unit: "pairs/s", Notes: []string{
		"A step of " + name + " on 64 pairs: forward, loss, backward, AdamW. PyTorch computes all 77 tokens of a caption, we those",
		"up to its end: captions of 77 tokens have nothing behind it.",
	}}
	cfg, err := model.Preset(name)
	if err != nil {
		return t, nil, err
	}
	pixels := make([]float32, n*3*cfg.Image.Size*cfg.Image.Size)
	for i, r := 0, rand.New(rand.NewPCG(3, 3)); i < len(pixels); i++ {
		pixels[i] = 4*r.Float32() - 2
	}
	files := [2]string{filepath.Join(s.dir, "step-pixels.f32"), filepath.Join(s.dir, "step-tokens.f32")}
	if err := writeFloats(files[0], pixels); err != nil {
		return t, nil, err
	}
	var trials []trial
	for _, long := range []bool{false, true} {
		context := cfg.Text.Context
		tokens, floats := make([]int32, n*context), make([]float32, n*context)
		for i, caption := range captions(n) {
			if long {
				for range 3 {
					caption += ", " + caption
				}
			}
			tokenizer.Default().Encode(tokens[i*context:(i+1)*context], caption)
		}
		for i, id := range tokens {
			floats[i] = float32(id)
		}
		setting := fmt.Sprintf("captions as people's, %s", plural(threads))
		if long {
			setting = fmt.Sprintf("captions of %d tokens, %s", context, plural(threads))
			files[1] += ".long"
		}
		if err := writeFloats(files[1], floats); err != nil {
			return t, nil, err
		}
		args := func(kind string) map[string]any {
			return map[string]any{"name": name, "pixels": files[0], "size": cfg.Image.Size, "tokens": files[1], "context": context,
				"batch": n, "threads": threads, "type": kind}
		}
		var trainer *train.Trainer
		trials = append(trials, trial{setting: setting, units: n, contenders: s.against([]contender{
			ours("pairstream", threads, 1, nil, func() (err error) {
				if trainer == nil {
					trainer, err = train.New(model.New(cfg, 1), train.Options{Rate: optim.Cosine{Peak: 1e-4, Steps: 1 << 20}})
					if err != nil {
						return err
					}
				}
				_, err = trainer.Step(pixels, tokens)
				return err
			})},
			job{"torch", "open_clip f32", "step", 0, args("float32")},
			job{"torch", "open_clip bf16", "step", 0, args("bfloat16")},
		)})
	}
	return t, trials, nil
}
