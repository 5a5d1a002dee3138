package model

import (
	"math"
	"strings"
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

// TestOutliers checks how far they are where six channels of every norm are forty times the others, as some are in
// trained models. Sharp attention then makes errors larger, wherever they come from: so the mean is looked at.
func TestOutliers(t *testing.T) {
	const n = 16
	cfg := Config{
		Embed:      128,
		Image:      ImageConfig{Size: 96, Patch: 32, Width: 384, Layers: 6, Heads: 6},
		Text:       TextConfig{Context: 21, Vocab: 50, Width: 512, Layers: 6, Heads: 8},
		Activation: QuickGELU,
	}
	c := withOutliers(New(cfg, 3), 6)
	pixels, tokens := cfg.inputs(n, 1)
	images, texts := make([]float32, n*c.Embed()), make([]float32, n*c.Embed())
	c.EncodeImages(images, pixels)
	c.EncodeTexts(texts, tokens)
	for p, far := range map[Precision][2]float64{Int16: {5e-6, 2e-5}, Int8: {1e-3, 8e-3}} { // 1 − cosine
		q, got := c.WithPrecision(p), make([]float32, n*c.Embed())
		for kind, encode := range []func(){func() { q.EncodeImages(got, pixels) }, func() { q.EncodeTexts(got, tokens) }} {
			encode()
			want, mean := [][]float32{images, texts}[kind], 0.
			for i := 0; i < len(got); i += c.Embed() {
				a, b := got[i:i+c.Embed()], want[i:i+c.Embed()]
				mean += (1 - dot(a, b)/math.Sqrt(dot(a, a)*dot(b, b))) / n
			}
			what := []string{"images", "texts"}[kind]
			t.Logf("%v, %s: 1 - cosine is %.2g in the mean", p, what, mean)
			if !(mean <= far[kind]) {
				t.Errorf("%v, %s: 1 - cosine is %.2g in the mean, more than %g", p, what, mean, far[kind])
			}
		}
	}
}

// withOutliers makes some channels of all norms of a model forty times as large.
func withOutliers(c *CLIP, channels int) *CLIP {
	for i, p := range c.parameters {
		if strings.Contains(p.name, "ln_") && strings.HasSuffix(p.name, ".weight") {
			for k := range channels {
				c.values[i][(k*len(c.values[i])+5)/channels] *= 40
			}
		}
	}
	c.assemble()
	return c
}

// TestSameBits checks that an embedding does not depend on what it is encoded with, in any precision, with channels apart or without.
func TestSameBits(t *testing.T) {
	const n = 11
	pixels, tokens := small.inputs(n, 2)
	plain, outliers := New(small, 5), withOutliers(New(small, 5), 1)
	for _, c := range []*CLIP{plain, plain.WithPrecision(Int16), plain.WithPrecision(Int8), outliers.WithPrecision(Int16), outliers.WithPrecision(Int8)} {
		p := c.Precision()
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
