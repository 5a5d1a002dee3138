package stages

import (
	"runtime"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Embed is steps 2 to 5 in one: all that makes embeddings of pairs.
type Embed struct {
	Model   *model.CLIP
	Fast    bool // as in Preprocess
	Workers int  // that preprocess pictures; 0 is as many as there are processors
}

// Draw adds the steps to a stream.
func (e Embed) Draw(pairs pipeline.Stream[batch.Pairs]) pipeline.Stream[batch.Vectors] {
	pipeline.Helper()
	workers := e.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	left, right := pipeline.Tee(pairs)
	pixels := pipeline.Through(left, Preprocess{Model: e.Model, Fast: e.Fast}, pipeline.Workers(workers))
	images := pipeline.Through(pixels, EncodeImages{Model: e.Model})
	tokens := pipeline.Through(right, Tokenize{Model: e.Model})
	texts := pipeline.Through(tokens, EncodeTexts{Model: e.Model})
	return pipeline.Through(pipeline.Zip(images, texts, batch.Join), Normalize{})
}
