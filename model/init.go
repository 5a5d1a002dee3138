package model

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"
	"github.com/pairstream/pairstream/model/tensor"
	"github.com/pairstream/pairstream/model/tokenizer"
)

// New makes an untrained model whose weights are drawn as the original's were. The same seed gives the same
// weights: each tensor has a stream of its own, so the order they are drawn in does not matter. It panics where
// cfg is not valid. Only a SigLIP's tokenizer is missing: its vocabulary comes with its weights.
func New(cfg Config, seed uint64) *CLIP {
	if err := cfg.Validate(); err != nil {
		panic(fmt.Sprintf("model: %v", err))
	}
	cfg = cfg.withDefaults()
	list := cfg.parameters()
	values := make([][]float32, len(list))
	tensor.Parallel(len(list), func(i int) {
		values[i] = make([]float32, list[i].size())
		list[i].init(values[i], rand.New(rand.NewPCG(seed, xxhash.Sum64String(list[i].name))))
	})
	c := build("untrained", cfg, list, values, nil)
	if !families[cfg.Family].pieces {
		c.tokenizer = tokenizer.Default()
	}
	return c
}

// initializer fills a tensor with its first values.
type initializer func(values []float32, rng *rand.Rand)

func constant(v float64) initializer {
	return func(values []float32, _ *rand.Rand) {
		for i := range values {
			values[i] = float32(v)
		}
	}
}

func normal(std float64) initializer {
	return func(values []float32, rng *rand.Rand) {
		for i := range values {
			values[i] = float32(std * rng.NormFloat64())
		}
	}
}

func uniform(bound float64) initializer {
	return func(values []float32, rng *rand.Rand) {
		for i := range values {
			values[i] = float32(bound * (2*rng.Float64() - 1))
		}
	}
}

// fanIn is PyTorch's default for a layer with n inputs, weight and bias alike: Kaiming-uniform with a = √5.
func fanIn(n int) initializer { return uniform(1 / math.Sqrt(float64(n))) }
