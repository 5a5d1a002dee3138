package model

import (
	"math"
	"testing"
)

// TestPrecision checks how far the integer precisions are from float32 on random weights, and that they are other models
// to a reader of fingerprints.
func TestPrecision(t *testing.T) {
	const n = 6
	c := New(small, 3)
	pixels, tokens := small.inputs(n, 1)
	images, texts := make([]float32, n*c.Embed()), make([]float32, n*c.Embed())
	c.EncodeImages(images, pixels)
	c.EncodeTexts(texts, tokens)
	seen := map[string]bool{c.Fingerprint(): true}
	for p, far := range map[Precision]float64{Int16: 1e-6, Int8: 5e-3} { // 1 − cosine, several times what was seen
		q := c.WithPrecision(p)
		if seen[q.Fingerprint()] {
			t.Errorf("%v has the fingerprint of another precision", p)
		}
		seen[q.Fingerprint()] = true
		got := make([]float32, n*c.Embed())
		q.EncodeImages(got, pixels)
		checkCosines(t, p, "image", got, images, c.Embed(), far)
		q.EncodeTexts(got, tokens)
		checkCosines(t, p, "text", got, texts, c.Embed(), far)
	}
}

func checkCosines(t *testing.T, p Precision, kind string, got, want []float32, embed int, far float64) {
	t.Helper()
	most := 0.0
	for i := 0; i < len(got); i += embed {
		a, b := got[i:i+embed], want[i:i+embed]
		most = max(most, 1-dot(a, b)/math.Sqrt(dot(a, a)*dot(b, b)))
	}
	t.Logf("%v, %s: 1 - cosine at most %.2g", p, kind, most)
	if !(most <= far) {
		t.Errorf("%v, %s: 1 - cosine is %.2g, more than %g", p, kind, most, far)
	}
}

// TestSameBits checks that an embedding does not depend on what it is encoded with, in any precision.
func TestSameBits(t *testing.T) {
	const n = 11
	pixels, tokens := small.inputs(n, 2)
	for _, p := range []Precision{Float32, Int16, Int8} {
		c := New(small, 5).WithPrecision(p)
		size, length, embed := len(pixels)/n, c.ContextLength(), c.Embed()
		images, texts := make([]float32, n*embed), make([]float32, n*embed)
		c.EncodeImages(images, pixels)
		c.EncodeTexts(texts, tokens)
		for from := range n {
			for _, to := range []int{from + 1, min(from+3, n), n} {
				got := make([]float32, (to-from)*embed)
				c.EncodeImages(got, pixels[from*size:to*size])
				checkBits(t, p, "image", got, images[from*embed:])
				c.EncodeTexts(got, tokens[from*length:to*length])
				checkBits(t, p, "text", got, texts[from*embed:])
			}
		}
	}
}

func checkBits(t *testing.T, p Precision, kind string, got, want []float32) {
	t.Helper()
	for i, v := range got {
		if math.Float32bits(v) != math.Float32bits(want[i]) {
			t.Fatalf("%v: value %d of an %s is %v among some and %v among others", p, i, kind, v, want[i])
		}
	}
}
