package stages

import (
	"context"
	"fmt"
	"math"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Normalize scales features to unit length, which makes embeddings of them: step 5. Features without a direction (all
// zero, or not finite) are a bad row.
type Normalize struct{}

// Process makes Vectors of Features.
func (Normalize) Process(ctx context.Context, in batch.Features) (batch.Vectors, error) {
	rows := int(in.NumRows())
	images, texts := in.Image(), in.Text()
	image := batch.NewMatrix[float32](batch.Allocator(ctx), rows, images.Width)
	text := batch.NewMatrix[float32](batch.Allocator(ctx), rows, texts.Width)
	var bad pipeline.RowErrors
	for i := range rows {
		if images.IsNull(i) || texts.IsNull(i) {
			image.SetNull(i)
			text.SetNull(i)
			continue
		}
		err := normalize(image.Row(i), images.Row(i))
		if err == nil {
			err = normalize(text.Row(i), texts.Row(i))
		}
		if err != nil {
			image.SetNull(i)
			text.SetNull(i)
			bad = append(bad, pipeline.RowError{Row: int64(i), Err: err})
		}
	}
	imageColumn, textColumn := image.Array(), text.Array()
	defer imageColumn.Release()
	defer textColumn.Release()
	out, err := batch.VectorsOf(in, imageColumn, textColumn)
	if err != nil {
		return out, err
	}
	return out, bad.OrNil()
}

// normalize writes x / ‖x‖ to dst.
func normalize(dst, x []float32) error {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	norm := math.Sqrt(sum)
	if norm == 0 || math.IsInf(norm, 0) || math.IsNaN(norm) {
		return fmt.Errorf("features of length %v have no direction", norm)
	}
	for i, v := range x {
		dst[i] = float32(float64(v) / norm)
	}
	return nil
}
