package model_test

import (
	"fmt"
	"math"

	"github.com/pairstream/pairstream/model"
)

// Example paints a red square and asks the embedded model what it is. With model.Open the same lines do for photographs.
func Example() {
	clip := model.Tiny()
	defer clip.Close()

	size, norm := clip.ImageSize(), clip.Config().Preprocess
	pixels := make([]float32, 3*size*size) // normalised, channel by channel
	for c, value := range [3]struct{ square, ground float32 }{{0.85, 0.96}, {0.14, 0.95}, {0.16, 0.93}} {
		for i := range size * size {
			v := value.ground
			if x, y := i%size, i/size; x > 80 && x < 140 && y > 80 && y < 140 {
				v = value.square
			}
			pixels[c*size*size+i] = (v - norm.Mean[c]) / norm.Std[c]
		}
	}
	image := make([]float32, clip.Embed())
	clip.EncodeImages(image, pixels)

	captions := []string{"a photo of a red circle", "a photo of a red square", "a photo of a blue square"}
	tokens := make([]int32, len(captions)*clip.ContextLength())
	for i, caption := range captions {
		clip.Tokenizer().Encode(tokens[i*clip.ContextLength():(i+1)*clip.ContextLength()], caption)
	}
	texts := make([]float32, len(captions)*clip.Embed())
	clip.EncodeTexts(texts, tokens)

	best, most := "", math.Inf(-1)
	for i, caption := range captions {
		text := texts[i*clip.Embed() : (i+1)*clip.Embed()]
		if cosine := dot(image, text) / math.Sqrt(dot(image, image)*dot(text, text)); cosine > most {
			best, most = caption, cosine
		}
	}
	fmt.Println(best)
	// Output:
	// a photo of a red square
}

func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}
