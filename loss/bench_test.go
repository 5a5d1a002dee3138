package loss

import (
	"fmt"
	"testing"
)

func BenchmarkContrastive(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		images, texts := pairs(n, 512, 1, 8)
		dimages, dtexts := make([]float32, len(images)), make([]float32, len(texts))
		var c Contrastive
		forward := func(b *testing.B) {
			if _, err := c.Forward(images, texts, 512, 100); err != nil {
				b.Fatal(err)
			}
		}
		backward := func(b *testing.B) {
			if _, err := c.Backward(dimages, dtexts); err != nil {
				b.Fatal(err)
			}
		}
		product := 2 * float64(n) * float64(n) * 512
		b.Run(fmt.Sprintf("Forward/N=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				forward(b)
			}
			b.ReportMetric(product*float64(b.N)/1e9/b.Elapsed().Seconds(), "GFLOP/s")
		})
		b.Run(fmt.Sprintf("Backward/N=%d", n), func(b *testing.B) {
			forward(b)
			b.ReportAllocs()
			for b.Loop() {
				backward(b)
			}
			b.ReportMetric(3*product*float64(b.N)/1e9/b.Elapsed().Seconds(), "GFLOP/s")
		})
	}
}
