package tensor

import "github.com/pairstream/pairstream/model/tensor/internal/kernel"

// Pairs are the elementwise parts of losses over all pairs of a batch.
type Pairs = kernel.Pairs

// NewPairs makes the parts for logits scale·(hi + lo) + bias.
func NewPairs(scale, bias float64) Pairs { return kernel.NewPairs(scale, bias) }

// Maxima computes tops = max(tops, x) and returns the greatest of x. A NaN is not seen.
func Maxima(tops, x []float32) float32 { return kernel.Maxima(tops, x) }
