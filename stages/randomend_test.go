package stages_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/sources/scenes"
	"github.com/pairstream/pairstream/stages"
)

// TestRandomEnds lets all seven steps fail or be cancelled at random points: neither an Arrow byte nor a goroutine may
// be left, which pipetest.Context checks when the test ends.
func TestRandomEnds(t *testing.T) {
	small := model.New(model.Config{
		Embed: 8, Activation: model.QuickGELU,
		Image: model.ImageConfig{Size: 32, Patch: 16, Width: 16, Layers: 1, Heads: 1},
		Text:  model.TextConfig{Context: 16, Vocab: 49408, Width: 16, Layers: 1, Heads: 1},
	}, 1)
	var pairs []sources.Pair
	for i := range int64(48) {
		scene := scenes.New(3, i)
		png, err := scene.PNG(40)
		if err != nil {
			t.Fatal(err)
		}
		if i%17 == 5 {
			png = png[:len(png)/2]
		}
		pairs = append(pairs, sources.Pair{ID: fmt.Sprint(i), Image: png, Caption: scene.Caption()})
	}
	seeds := uint64(200) // PAIRSTREAM_SEEDS=1000 for a thorough run
	if n, err := strconv.ParseUint(os.Getenv("PAIRSTREAM_SEEDS"), 10, 64); err == nil {
		seeds = n
	}
	ctx := pipetest.Context(t)
	ends := map[string]int{}
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 0))
		ctx, cancel := context.WithCancel(ctx)
		if random.IntN(2) == 0 {
			time.AfterFunc(time.Duration(random.IntN(12_000))*time.Microsecond, cancel)
		}
		fail := &failAt{write: random.IntN(12)}
		source := &sources.Slice{Pairs: pairs, Limits: sources.Limits{Rows: 1 + random.IntN(9)}}
		vectors := stages.Embed{Model: small, Workers: 1 + random.IntN(3)}.Draw(pipeline.From(source))
		scores := pipeline.Through(pipeline.Rebatch(vectors, pipeline.Window{Rows: 7}), stages.Similarity{})
		a, b := pipeline.Tee(scores)
		runner := pipeline.Runner{Rejects: discard[pipeline.Rejects]{}}
		if random.IntN(8) == 0 {
			runner.Rejects = nil // the first bad picture ends it
		}
		err := runner.Run(ctx, pipeline.Into(a, fail), pipeline.Into(pipeline.Through(b, stages.Contrast[batch.Scores]{}), discard[batch.Metrics]{}))
		cancel()
		switch {
		case err == nil:
			ends["well"]++
		case errors.Is(err, context.Canceled):
			ends["cancelled"]++
		case errors.Is(err, errFull):
			ends["sink failed"]++
		default:
			ends["bad picture"]++
		}
	}
	t.Logf("%d runs ended: %v", seeds, ends)
	if len(ends) != 4 {
		t.Errorf("only these ends were tried: %v", ends)
	}
}

var errFull = errors.New("disk full")

// failAt is a sink that fails at a write.
type failAt struct{ write int }

func (f *failAt) Write(context.Context, batch.Scores) error {
	if f.write--; f.write < 0 {
		return errFull
	}
	return nil
}

func (f *failAt) Close() error { return nil }

type discard[T any] struct{}

func (discard[T]) Write(context.Context, T) error { return nil }
func (discard[T]) Close() error                   { return nil }
