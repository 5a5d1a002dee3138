package stages_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources/scenes"
	"github.com/pairstream/pairstream/stages"
)

// pairs makes five drawn pairs, of which the second and fifth are bad: not there, and not a picture.
func pairs(ctx context.Context) batch.Pairs {
	b := batch.NewPairsBuilder(ctx)
	defer b.Release()
	for i := range int64(5) {
		id := fmt.Sprint("scene-", i)
		scene := scenes.New(1, i)
		png, err := scene.PNG(64)
		switch {
		case err != nil:
			panic(err)
		case i == 1:
			b.AppendBad("scenes", i, id, errors.New("no such file"))
		case i == 4:
			b.Append("scenes", i, id, []byte("not a picture"), scene.Caption())
		default:
			b.Append("scenes", i, id, png, scene.Caption())
		}
	}
	p, _ := b.NewPairs()
	return p
}

// made returns a function that makes a batch and sends it through a stage.
func made[In, Out pipeline.Batch](in func(context.Context) In, stage pipeline.Stage[In, Out]) func(context.Context) Out {
	return func(ctx context.Context) Out {
		b := in(ctx)
		defer b.Release()
		out, err := stage.Process(ctx, b)
		var bad pipeline.RowErrors
		if err != nil && !errors.As(err, &bad) {
			panic(err)
		}
		return out
	}
}

var (
	clip     = model.Tiny()
	pixels   = made(pairs, stages.Preprocess{Model: clip})
	tokens   = made(pairs, stages.Tokenize{Model: clip})
	images   = made(pixels, stages.EncodeImages{Model: clip})
	texts    = made(tokens, stages.EncodeTexts{Model: clip})
	features = func(ctx context.Context) batch.Features {
		i, t := images(ctx), texts(ctx)
		defer i.Release()
		defer t.Release()
		both, err := batch.Join(ctx, i, t)
		if err != nil {
			panic(err)
		}
		return both
	}
	vectors = func(ctx context.Context) batch.Vectors { // of the good rows
		all := made(features, stages.Normalize{})(ctx)
		defer all.Release()
		good, err := all.Drop(ctx, []int64{1, 4})
		if err != nil {
			panic(err)
		}
		return good
	}
	scores = made(vectors, stages.Similarity{LogitScale: 10})
)

func TestConformance(t *testing.T) {
	t.Run("Preprocess", func(t *testing.T) { pipetest.TestRowStage(t, stages.Preprocess{Model: clip}, pairs) })
	t.Run("Preprocess fast", func(t *testing.T) { pipetest.TestRowStage(t, stages.Preprocess{Size: 32, Fast: true}, pairs) })
	t.Run("Tokenize", func(t *testing.T) { pipetest.TestRowStage(t, stages.Tokenize{}, pairs) })
	t.Run("EncodeImages", func(t *testing.T) { pipetest.TestRowStage(t, stages.EncodeImages{Model: clip}, pixels) })
	t.Run("EncodeTexts", func(t *testing.T) { pipetest.TestRowStage(t, stages.EncodeTexts{Model: clip}, tokens) })
	t.Run("Normalize", func(t *testing.T) { pipetest.TestRowStage(t, stages.Normalize{}, features) })
	t.Run("Cosine", func(t *testing.T) { pipetest.TestRowStage(t, stages.Cosine{Min: -1}, vectors) })
	t.Run("Similarity", func(t *testing.T) { pipetest.TestStage(t, stages.Similarity{LogitScale: 10}, vectors) })
	t.Run("Contrast of scores", func(t *testing.T) { pipetest.TestStage(t, stages.Contrast[batch.Scores]{}, scores) })
	t.Run("Contrast of vectors", func(t *testing.T) { pipetest.TestStage(t, stages.Contrast[batch.Vectors]{}, vectors) })
}

func TestBadRowsAreNullAndNamed(t *testing.T) {
	ctx := pipetest.Context(t)
	in := pairs(ctx)
	defer in.Release()
	out, err := stages.Preprocess{Model: clip}.Process(ctx, in)
	defer out.Release()
	var bad pipeline.RowErrors
	if !errors.As(err, &bad) || len(bad) != 1 || bad[0].Row != 4 { // row 1 was null before
		t.Errorf("%v", err)
	}
	for i, null := range []bool{false, true, false, false, true} {
		if out.Pixels().IsNull(i) != null {
			t.Errorf("row %d: null is %v", i, !null)
		}
	}
}

func TestFeaturesWithoutDirection(t *testing.T) {
	ctx := pipetest.Context(t)
	in := features(ctx)
	defer in.Release()
	clear(in.Image().Row(2))
	in.Text().Row(3)[0] = float32(math.NaN())
	out, err := stages.Normalize{}.Process(ctx, in)
	defer out.Release()
	var bad pipeline.RowErrors
	if !errors.As(err, &bad) || len(bad) != 2 || bad[0].Row != 2 || bad[1].Row != 3 {
		t.Errorf("%v", err)
	}
}

// Both ways to the loss give the same: through the matrix and without it.
func TestLossWithAndWithoutMatrix(t *testing.T) {
	ctx := pipetest.Context(t)
	v := vectors(ctx)
	defer v.Release()
	s := made(func(context.Context) batch.Vectors { v.Retain(); return v }, stages.Similarity{LogitScale: 10})(ctx)
	defer s.Release()
	a, err := stages.Contrast[batch.Scores]{LogitScale: 10}.Process(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Release()
	b, err := stages.Contrast[batch.Vectors]{LogitScale: 10}.Process(ctx, v)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Release()
	// The matrix is of float32: its logits, up to 10, are off by 5e-7 each.
	if math.Abs(a.Loss(0)-b.Loss(0)) > 2e-6 || a.Accuracy(0) != b.Accuracy(0) || a.Pairs(0) != 3 || b.Pairs(0) != 3 {
		t.Errorf("loss %v and %v, accuracy %v and %v, pairs %d and %d", a.Loss(0), b.Loss(0), a.Accuracy(0), b.Accuracy(0), a.Pairs(0), b.Pairs(0))
	}
	if got := a.LogitScale(0); got != 10 {
		t.Errorf("logit scale %v", got)
	}
}

func TestCosineFilters(t *testing.T) {
	ctx := pipetest.Context(t)
	v := vectors(ctx)
	defer v.Release()
	all, err := stages.Cosine{Min: -1}.Process(ctx, v)
	if err != nil {
		t.Fatal(err)
	}
	defer all.Release()
	least := min(all.Score()[0], all.Score()[1], all.Score()[2])
	some, err := stages.Cosine{Min: math.Nextafter32(least, 2)}.Process(ctx, v)
	if err != nil {
		t.Fatal(err)
	}
	defer some.Release()
	if all.NumRows() != 3 || some.NumRows() != 2 {
		t.Errorf("%d and %d rows, not 3 and 2", all.NumRows(), some.NumRows())
	}
}

func TestEmbedAccountsForEveryRow(t *testing.T) {
	ctx := pipetest.Context(t)
	source := &once{pairs(ctx)}
	sink := &keep{}
	rejects := &rejects{}
	stream := stages.Embed{Model: clip, Workers: 2}.Draw(pipeline.From(source))
	if err := (pipeline.Runner{Rejects: rejects}).Run(ctx, pipeline.Into(stream, sink)); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(sink.ids, " "), "scene-0 scene-2 scene-3"; got != want {
		t.Errorf("embedded %s, not %s", got, want)
	}
	want := []pipeline.Reject{
		{ID: "scene-1", Step: "once", Reason: "no such file", Origin: "scenes:1"},
		{ID: "scene-4", Step: "preprocess", Reason: `unsupported picture format: starts with "not a pictur"`, Origin: "scenes:4"},
	}
	if len(rejects.all) != 2 || rejects.all[0] != want[0] || rejects.all[1] != want[1] {
		t.Errorf("rejected %+v", rejects.all)
	}
	if !strings.Contains(sink.fingerprint, "model=") || !strings.Contains(sink.fingerprint, "tokenizer=") || !strings.Contains(sink.fingerprint, "preprocess=") {
		t.Errorf("fingerprint %q", sink.fingerprint)
	}
}
