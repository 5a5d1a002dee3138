package model

import "testing"

// The benchmarks run ViT-B/32 of full size with random weights: its speed does not depend on their values.

func BenchmarkEncodeImages(b *testing.B) {
	const n = 8
	c := newPreset(b)
	pixels := make([]float32, n*3*c.ImageSize()*c.ImageSize())
	dst := make([]float32, n*c.Embed())
	for b.Loop() {
		c.EncodeImages(dst, pixels)
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "images/s")
}

func BenchmarkEncodeTexts(b *testing.B) {
	const n, length = 32, 12
	c := newPreset(b)
	tokens := make([]int32, n*c.ContextLength())
	for i := range n {
		tokens[i*c.ContextLength()+length-1] = 49407
	}
	dst := make([]float32, n*c.Embed())
	for b.Loop() {
		c.EncodeTexts(dst, tokens)
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "captions/s")
}

func newPreset(b *testing.B) *CLIP {
	cfg, err := Preset("ViT-B-32")
	if err != nil {
		b.Fatal(err)
	}
	return New(cfg, 1)
}
