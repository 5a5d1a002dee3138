package model

import (
	_ "embed"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/tokenizer"
)

// Tiny is a small CLIP that is always there: pictures of 224×224, captions of 77 tokens, embeddings 512 wide. It was
// trained on nothing but the drawn pictures of sources/scenes by the program in model/tiny, and knows their words only:
// the vectors of all other tokens are zeros. Every call gives the same model.
func Tiny() *CLIP { return tiny() }

// tinyWeights is a safetensors file of the original's layout with F16 weights, within zstd.
//
//go:embed tiny/weights.safetensors.zst
var tinyWeights []byte

var tiny = sync.OnceValue(func() *CLIP {
	c, err := openTiny()
	if err != nil {
		panic("model: the embedded model: " + err.Error())
	}
	return c
})

func openTiny() (*CLIP, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	data, err := z.DecodeAll(tinyWeights, nil)
	if err != nil {
		return nil, err
	}
	weights, err := checkpoint.Parse("weights.safetensors", data)
	if err != nil {
		return nil, err
	}
	c, err := assemble("tiny", layout{weights: weights.Name()}, weights, Options{Activation: QuickGELU})
	if err != nil {
		return nil, err
	}
	c.tokenizer = tokenizer.Default()
	c.checkpoint = nil // nothing is mapped
	return c, nil
}
