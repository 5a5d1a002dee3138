// Customstage puts a stage of its own between source and encoder: it leaves out pairs with short captions.
package main

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/stages"
)

// LongCaptions leaves out pairs whose caption has fewer words than Words.
type LongCaptions struct{ Words int }

// Process borrows a batch of pairs and gives away another.
func (l LongCaptions) Process(ctx context.Context, in batch.Pairs) (batch.Pairs, error) {
	var short []int64
	for i := range in.NumRows() {
		if caption, _ := in.Caption(int(i)); len(strings.Fields(caption)) < l.Words {
			short = append(short, i)
		}
	}
	return in.Drop(ctx, short)
}

func main() {
	pairs := pipeline.From(&sources.Scenes{N: 200, Seed: 7})
	long := pipeline.Through(pairs, LongCaptions{Words: 12})
	vectors := stages.Embed{Model: model.Tiny()}.Draw(long)
	kept := int64(0)
	for v, err := range pipeline.All(context.Background(), vectors) {
		if err != nil {
			log.Fatal(err)
		}
		kept += v.NumRows()
	}
	fmt.Printf("embedded %d of 200 pairs\n", kept)
}
