package loss

import (
	"fmt"
	"math"
	"testing"
)

func TestSigmoidAgainstOpenCLIP(t *testing.T) {
	againstPyTorch(t, "testdata/sigmoid.json", func(c goldenCase) Loss { return &Sigmoid{Bias: c.Bias} })
}

// TestSigmoidAgainstFullMatrix compares over tiles and kinds of sums.
func TestSigmoidAgainstFullMatrix(t *testing.T) {
	for _, c := range []struct {
		n, d        int
		scale, bias float32
	}{{1, 3, 10, -10}, {3, 512, 100, -90}, {T + 1, 64, 10, -10}, {T, 33, 100, 5}, {1030, 128, 30, -12}} {
		images, texts := pairs(c.n, c.d, 1, 9)
		want := 0.0
		for k, v := range matrixOf(float64s(images), float64s(texts), c.d, float64(c.scale), float64(c.bias), nil) {
			if k%(c.n+1) == 0 {
				v = -v
			}
			want += softplus(v) / float64(c.n)
		}
		s := Sigmoid{Bias: c.bias}
		got, err := s.Forward(images, texts, c.d, c.scale)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("%+v", c), got.Loss, want, 1e-6*max(1, want))
		clip := reference(float64s(images), float64s(texts), c.d, math.Log(float64(c.scale)), nil)
		near(t, "image to text", got.ImageToText, clip.ImageToText, 1e-9)
		near(t, "text to image", got.TextToImage, clip.TextToImage, 1e-9)
	}
}

func TestSigmoidNaNShows(t *testing.T) {
	images, texts := pairs(T+1, 4, 0, 6)
	images[4*T] = float32(math.NaN())
	s := Sigmoid{Bias: -10}
	got, err := s.Forward(images, texts, 4, 10)
	if err != nil || !math.IsNaN(got.Loss) || got.ImageToText != float64(T)/(T+1) {
		t.Errorf("%+v, %v, want NaN and all images but the last", got, err)
	}
}
