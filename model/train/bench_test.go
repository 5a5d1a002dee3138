package train

import (
	"testing"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/optim"
)

// BenchmarkStep takes steps with ViT-S/32 on 64 pairs, with captions of 16 tokens: their speed does not depend on the
// values.
func BenchmarkStep(b *testing.B) {
	cfg, err := model.Preset("ViT-S-32")
	if err != nil {
		b.Fatal(err)
	}
	for name, chunk := range map[string]int{"Whole": 0, "Chunk16": 16} {
		b.Run(name, func(b *testing.B) {
			const n, length = 64, 16
			trainer, err := New(model.New(cfg, 1), Options{Rate: optim.Cosine{Peak: 1e-4, Steps: 1 << 20}, Chunk: chunk})
			if err != nil {
				b.Fatal(err)
			}
			pixels := make([]float32, n*3*224*224)
			for i := range pixels {
				pixels[i] = float32(i%1009) / 1009
			}
			tokens := make([]int32, n*77)
			for i := range n {
				for k := range length - 1 {
					tokens[i*77+k] = int32(1000 + i*31 + k)
				}
				tokens[i*77+length-1] = 49407
			}
			for b.Loop() {
				if _, err := trainer.Step(pixels, tokens); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "pairs/s")
		})
	}
}
