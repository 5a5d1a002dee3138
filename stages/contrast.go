package stages

import (
	"context"

	"github.com/pairstream/pairstream/loss"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Contrast computes the contrastive loss and the accuracy of a window: step 7. It takes Scores, or, without a matrix
// in memory, Vectors. The window is the batch: regroup before with pipeline.Rebatch.
type Contrast[In batch.Scores | batch.Vectors] struct {
	LogitScale float32 // what the cosines are, or were, multiplied with; 0 is 1
}

// Process makes one row of Metrics of a window.
func (c Contrast[In]) Process(ctx context.Context, in In) (batch.Metrics, error) {
	var metrics loss.Metrics
	var err error
	switch in := any(in).(type) {
	case batch.Scores:
		metrics, err = loss.FromLogits(in.Similarity().Values, int(in.NumRows()))
	case batch.Vectors:
		var contrastive loss.Contrastive
		images := in.Image()
		metrics, err = contrastive.Forward(images.Values, in.Text().Values, images.Width, scale(c.LogitScale))
	}
	if err != nil {
		return batch.Metrics{}, err
	}
	return batch.MetricsOf(batch.Allocator(ctx), metrics.Loss, metrics.ImageToText, int64(metrics.Pairs),
		float64(scale(c.LogitScale))), nil
}
