// Package loss has the losses that CLIP and SigLIP are trained and measured by, forward beside backward.
//
// An N×N matrix of logits never exists here: it is computed tile by tile, used and forgotten, so that a window of any
// size needs memory for its N rows and columns only. Read contrastive.go first.
package loss

// A Loss judges the vectors of N images and N captions, of which image i and caption i are a pair.
type Loss interface {
	// Forward computes the metrics from images and texts (N,D), row-major, each row of unit length; scale is
	// exp(logit_scale). A NaN in a vector makes the loss NaN. It is an error if there are no pairs, or not as many
	// images as texts. images and texts are kept, and must stay the same until Backward is called.
	Forward(images, texts []float32, d int, scale float32) (Metrics, error)

	// Backward computes the gradients of the loss that Forward computed last. dimages and dtexts are (N,D), and
	// overwritten; dlogitScale is the gradient of logit_scale, the logarithm of scale. It is an error if a gradient is
	// not of the size of what Forward was given.
	Backward(dimages, dtexts []float32) (dlogitScale float64, err error)
}

var _, _ Loss = (*Contrastive)(nil), (*Sigmoid)(nil)

// Metrics are what the logits of N pairs tell about a model.
type Metrics struct {
	Pairs int // N

	// Loss is what its kind says; the contrastive one is in nats, and ln N where the model knows nothing.
	Loss float64

	// The share of images whose own caption has the highest logit among all N captions, and the share of captions whose
	// own image has the highest among all N images. Where several share the highest, the one of the lowest index has it.
	ImageToText, TextToImage float64
}
