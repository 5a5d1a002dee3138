package model

import "sync"

// Tiny is a small CLIP that is always there: pictures of 224×224, captions of 77 tokens, embeddings 512 wide. It
// is not trained yet, so its embeddings are deterministic but mean nothing; Trained says so. Every call gives the
// same model.
func Tiny() *CLIP { return tiny() }

var tiny = sync.OnceValue(func() *CLIP {
	c := New(Config{
		Embed:      512,
		Image:      ImageConfig{Size: 224, Patch: 32, Width: 128, Layers: 3, Heads: 2},
		Text:       TextConfig{Context: 77, Vocab: 49408, Width: 64, Layers: 3, Heads: 1},
		Activation: QuickGELU,
	}, 1)
	c.name = "tiny"
	return c
})
