package pixel_test

import (
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/pairstream/pairstream/model/pixel"
)

// A picture becomes the tensor that a CLIP of 224×224 takes.
func ExampleTransform_Apply() {
	encoded, err := os.ReadFile("testdata/pictures/palette.png")
	if err != nil {
		log.Fatal(err)
	}
	pixels := make([]float32, 3*224*224)
	if err := (pixel.Transform{}).Apply(pixels, encoded); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f %.4f %.4f\n", pixels[0], pixels[224*224], pixels[2*224*224])
	// Output: -1.6463 1.9698 -1.3949
}

// SigLIP resizes both sides and wants values between −1 and 1.
func ExampleTransform_squash() {
	half := [3]float32{0.5, 0.5, 0.5}
	siglip := pixel.Transform{Size: 256, Squash: true, Mean: half, Std: half}
	fmt.Println(len(siglip.Fingerprint()))
	// Output: 16
}

// What is wrong with a picture has a class.
func ExampleInspect() {
	encoded, err := os.ReadFile("testdata/pictures/grey.jpg")
	if err != nil {
		log.Fatal(err)
	}
	info, err := pixel.Inspect(encoded)
	fmt.Println(info.Format, info.Mode, info.Width, info.Height, err)
	_, err = pixel.Inspect(encoded[:500])
	fmt.Println(err, errors.Is(err, pixel.ErrTruncated))
	// Output:
	// jpeg L 291 240 <nil>
	// jpeg: truncated picture: no end marker in 500 bytes true
}
