package model

import "testing"

// The benchmarks run ViT-B/32 of full size with random weights: its speed does not depend on their values.

func BenchmarkEncodeImages(b *testing.B) {
	const n = 8
	whole := newPreset(b)
	pixels := make([]float32, n*3*whole.ImageSize()*whole.ImageSize())
	dst := make([]float32, n*whole.Embed())
	for _, p := range []Precision{Float32, Int16, Int8} {
		b.Run(p.String(), func(b *testing.B) {
			c := whole.WithPrecision(p)
			c.EncodeImages(dst, pixels)
			for b.Loop() {
				c.EncodeImages(dst, pixels)
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

func BenchmarkEncodeTexts(b *testing.B) {
	const n, length = 32, 12
	whole := newPreset(b)
	tokens := make([]int32, n*whole.ContextLength())
	for i := range n {
		tokens[i*whole.ContextLength()+length-1] = 49407
	}
	dst := make([]float32, n*whole.Embed())
	for _, p := range []Precision{Float32, Int16, Int8} {
		b.Run(p.String(), func(b *testing.B) {
			c := whole.WithPrecision(p)
			c.EncodeTexts(dst, tokens)
			for b.Loop() {
				c.EncodeTexts(dst, tokens)
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "captions/s")
		})
	}
}

func newPreset(b *testing.B) *CLIP {
	cfg, err := Preset("ViT-B-32")
	if err != nil {
		b.Fatal(err)
	}
	return New(cfg, 1)
}
