package stages_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/stages"
)

// Circles is a stage of one's own: it keeps the pairs whose caption has a circle in it.
type Circles struct{}

func (Circles) Process(ctx context.Context, in batch.Pairs) (batch.Pairs, error) {
	var others []int64
	for i := range in.NumRows() {
		if caption, _ := in.Caption(int(i)); !strings.Contains(caption, "circle") {
			others = append(others, i)
		}
	}
	return in.Drop(ctx, others)
}

func Example_ownStage() {
	pairs := pipeline.From(&sources.Scenes{N: 100, Seed: 1, Size: 64})
	vectors := stages.Embed{Model: model.Tiny()}.Draw(pipeline.Through(pairs, Circles{}))
	circles := int64(0)
	for v, err := range pipeline.All(context.Background(), vectors) {
		if err != nil {
			fmt.Println(err)
			return
		}
		circles += v.NumRows()
	}
	fmt.Println(circles > 5, circles < 50)
	// Output: true true
}
