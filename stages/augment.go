package stages

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/pixel"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Augment is Preprocess for training: of each picture a part, drawn by lot, is resized, as open_clip does. The lot of a
// row depends on Seed, the row's id and origin, and its epoch alone.
type Augment struct {
	Model *model.CLIP // as in Preprocess
	Crop  pixel.RandomCrop
	Seed  uint64
}

// Process makes Pixels of Pairs.
func (a Augment) Process(ctx context.Context, in batch.Pairs) (batch.Pixels, error) {
	if err := a.Crop.Check(); err != nil {
		return batch.Pixels{}, err
	}
	epochs, err := in.Places()
	if err != nil {
		epochs = make([]batch.Place, in.NumRows()) // every time is the first
	}
	transform := Preprocess{Model: a.Model}.Transform()
	note := fmt.Sprintf("%s random crop %v %v seed %d", transform.Fingerprint(), a.Crop.Area, a.Crop.Shape, a.Seed)
	return preprocess(ctx, in, transform.Size, note, func(i int, dst []float32, picture []byte) error {
		id, origin := in.Label(int64(i))
		random := rand.New(rand.NewPCG(a.Seed, xxhash.Sum64String(fmt.Sprintf("%q %q %d", id, origin, epochs[i].Epoch))))
		return transform.ApplyRandom(dst, picture, a.Crop, random)
	})
}

var _ pipeline.Stage[batch.Pairs, batch.Pixels] = Augment{}
