package loss_test

import (
	"fmt"
	"math"

	"github.com/pairstream/pairstream/loss"
)

func ExampleContrastive() {
	images := []float32{1, 0, 0, 1} // two images of two dimensions
	texts := []float32{0.8, 0.6, 0.6, 0.8}

	var c loss.Contrastive
	m, err := c.Forward(images, texts, 2, 10)
	if err != nil {
		panic(err)
	}
	fmt.Printf("loss %.4f, accuracy %.2f\n", m.Loss, m.ImageToText)

	dimages, dtexts := make([]float32, 4), make([]float32, 4)
	dlogitScale, err := c.Backward(dimages, dtexts)
	if err != nil {
		panic(err)
	}
	fmt.Printf("gradient of the first image %.4f, of logit_scale %.4f\n", dimages[:2], dlogitScale)
	// Output:
	// loss 0.1269, accuracy 1.00
	// gradient of the first image [-0.1192 0.1192], of logit_scale -0.2384
}

func ExampleFromLogits() {
	// A model that knows nothing gives every pair the same logit. Of ten equals, the first is taken for the best.
	m, err := loss.FromLogits(make([]float32, 100), 10)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d pairs: loss %.4f = ln 10 = %.4f, accuracy %.1f\n", m.Pairs, m.Loss, math.Log(10), m.ImageToText)
	// Output: 10 pairs: loss 2.3026 = ln 10 = 2.3026, accuracy 0.1
}
