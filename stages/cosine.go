package stages

import (
	"context"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// Cosine compares each picture with its own caption, and leaves out pairs that are less alike than Min: how data sets
// are filtered. The zero value leaves out nothing that is alike at all; set Min to -1 to keep every pair.
type Cosine struct{ Min float32 }

// Process makes Cosines of Vectors.
func (c Cosine) Process(ctx context.Context, in batch.Vectors) (batch.Cosines, error) {
	cosines := cosines(in.Image(), in.Text())
	column := batch.NewFloats(ctx, cosines)
	defer column.Release()
	all, err := batch.CosinesOf(in, column)
	if err != nil {
		return batch.Cosines{}, err
	}
	var below []int64
	for i, cosine := range cosines {
		if cosine < c.Min {
			below = append(below, int64(i))
		}
	}
	if len(below) == 0 {
		return all, nil
	}
	defer all.Release()
	return all.Drop(ctx, below)
}
