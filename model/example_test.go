package model_test

import (
	"fmt"
	"math"

	"github.com/pairstream/pairstream/model"
)

// Example compares a picture with two captions. The embedded model is not trained yet, so what it prefers means
// nothing; with model.Open the same lines do.
func Example() {
	clip := model.Tiny()
	defer clip.Close()

	pixels := make([]float32, 3*clip.ImageSize()*clip.ImageSize()) // a grey picture, normalised
	image := make([]float32, clip.Embed())
	clip.EncodeImages(image, pixels)

	captions := []string{"a photo of a cat", "a photo of fog"}
	tokens := make([]int32, len(captions)*clip.ContextLength())
	for i, caption := range captions {
		clip.Tokenizer().Encode(tokens[i*clip.ContextLength():(i+1)*clip.ContextLength()], caption)
	}
	texts := make([]float32, len(captions)*clip.Embed())
	clip.EncodeTexts(texts, tokens)

	for i := range captions {
		text := texts[i*clip.Embed() : (i+1)*clip.Embed()]
		cosine := dot(image, text) / math.Sqrt(dot(image, image)*dot(text, text))
		fmt.Println(len(text), math.Abs(cosine) <= 1)
	}
	fmt.Println("trained:", clip.Trained())
	// Output:
	// 512 true
	// 512 true
	// trained: false
}

func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}
