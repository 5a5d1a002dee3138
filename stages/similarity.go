package stages

import (
	"context"

	"github.com/pairstream/pairstream/loss"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Similarity compares every picture of a window with every caption in it: step 6. A window of N rows takes 4·N² bytes:
// where only the loss is wanted, give [Contrast] the vectors instead.
type Similarity struct {
	LogitScale float32 // what the cosines are multiplied with, as the model's LogitScale says; 0 is 1
}

// Process makes Scores of a window of Vectors.
func (s Similarity) Process(ctx context.Context, in batch.Vectors) (batch.Scores, error) {
	images, texts := in.Image(), in.Text()
	n := images.Rows
	logits := batch.NewMatrix[float32](batch.Allocator(ctx), n, n)
	loss.Logits(logits.Values, images.Values, texts.Values, images.Width, scale(s.LogitScale))
	scores := batch.NewFloats(ctx, cosines(images, texts))
	defer scores.Release()
	similarity := logits.Array()
	defer similarity.Release()
	return batch.ScoresOf(in, scores, similarity)
}

// cosines returns the cosine of each picture and its own caption, both of unit length.
func cosines(images, texts batch.Matrix[float32]) []float32 {
	all := make([]float32, images.Rows)
	for i := range all {
		var sum float64
		for k, v := range images.Row(i) {
			sum += float64(v) * float64(texts.Row(i)[k])
		}
		all[i] = float32(sum)
	}
	return all
}

// scale returns a scale of logits, 1 where it was left out.
func scale(s float32) float32 {
	if s == 0 {
		return 1
	}
	return s
}
