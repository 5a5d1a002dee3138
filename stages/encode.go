package stages

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// EncodeImages sends pixels through the image tower: step 4. It uses all processors by itself.
type EncodeImages struct{ Model *model.CLIP }

// Process makes ImageFeatures of Pixels.
func (e EncodeImages) Process(ctx context.Context, in batch.Pixels) (batch.ImageFeatures, error) {
	features := encode(ctx, in.Pixels(), e.Model.Embed(), e.Model.EncodeImages)
	defer features.Release()
	return batch.ImageFeaturesOf(in, features, batch.Note{Key: batch.ModelNote, Value: e.Model.Fingerprint()})
}

// EncodeTexts sends tokens through the text tower: step 4. It uses all processors by itself.
type EncodeTexts struct{ Model *model.CLIP }

// Process makes TextFeatures of Tokens.
func (e EncodeTexts) Process(ctx context.Context, in batch.Tokens) (batch.TextFeatures, error) {
	features := encode(ctx, in.Tokens(), e.Model.Embed(), e.Model.EncodeTexts)
	defer features.Release()
	return batch.TextFeaturesOf(in, features, batch.Note{Key: batch.ModelNote, Value: e.Model.Fingerprint()})
}

// encode returns the column of features that a tower makes of the rows that are not null.
func encode[N batch.Number](ctx context.Context, in batch.Matrix[N], embed int, tower func(dst []float32, rows []N)) arrow.Array {
	features := batch.NewMatrix[float32](batch.Allocator(ctx), in.Rows, embed)
	for from := 0; from < in.Rows; {
		if in.IsNull(from) {
			features.SetNull(from)
			from++
			continue
		}
		to := from + 1
		for to < in.Rows && !in.IsNull(to) {
			to++
		}
		tower(features.Values[from*embed:to*embed], in.Values[from*in.Width:to*in.Width])
		from = to
	}
	return features.Array()
}
