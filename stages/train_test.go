package stages_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/optim"
	"github.com/pairstream/pairstream/model/train"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/sources/scenes"
	"github.com/pairstream/pairstream/stages"
)

// small is a model that takes no time.
var small = model.New(model.Config{
	Embed:      8,
	Image:      model.ImageConfig{Size: 16, Patch: 8, Width: 16, Layers: 1, Heads: 2},
	Text:       model.TextConfig{Context: 77, Vocab: 49408, Width: 8, Layers: 1, Heads: 1},
	Activation: model.QuickGELU,
}, 1)

// lesson is training of small on a few drawn pairs.
type lesson struct {
	pairs   []sources.Pair
	hold    bool // as of a source that is not Indexed
	options train.Options
	epochs  int64
	batch   int
}

func newLesson(t *testing.T, pairs int) lesson {
	t.Helper()
	l := lesson{epochs: 3, batch: 4, options: train.Options{Rate: optim.Cosine{Peak: 1e-2, Warmup: 2, Steps: 12}, Clip: 1}}
	for i := range int64(pairs) {
		scene := scenes.New(1, i)
		png, err := scene.PNG(24)
		if err != nil {
			t.Fatal(err)
		}
		l.pairs = append(l.pairs, sources.Pair{ID: fmt.Sprint(i), Image: png, Caption: scene.Caption()})
	}
	return l
}

// unindexed hides that a source is Indexed.
type unindexed struct{ *sources.Slice }

func (unindexed) Index(context.Context) (sources.Index, error) { return nil, errors.ErrUnsupported }

// run trains from a state on, where there is one, as school says. It returns the trainer, and the rejects.
func (l lesson) run(ctx context.Context, t *testing.T, school *stages.Train) (*train.Trainer, pipeline.Rejects, error) {
	t.Helper()
	trainer, err := train.New(small, l.options)
	if err != nil {
		t.Fatal(err)
	}
	slice := &sources.Slice{Pairs: l.pairs}
	source := &sources.Epochs{Source: slice, Count: l.epochs, Seed: 3, Rows: 5, Hold: 6}
	if l.hold {
		source.Source = unindexed{slice}
	}
	if _, err := os.Stat(school.State); err == nil {
		if source.Start, err = stages.Resume(trainer, school.State); err != nil {
			t.Fatal(err)
		}
	}
	school.Trainer, school.Batch = trainer, l.batch
	left, right := pipeline.Tee(pipeline.From(source))
	pixels := pipeline.Through(left, stages.Augment{Model: small, Seed: 9}, pipeline.Workers(2))
	tokens := pipeline.Through(right, stages.Tokenize{Model: small})
	bad := &rejects{}
	err = pipeline.Runner{Rejects: bad}.Run(ctx, pipeline.Into(pipeline.Zip(pixels, tokens, batch.JoinExamples), school))
	return trainer, bad.all, err
}

// TestTrainStepsAndEpochs counts: what is left over of an epoch is not learnt from, and a bad picture is a reject each
// time it comes.
func TestTrainStepsAndEpochs(t *testing.T) {
	for _, hold := range []bool{false, true} {
		l := newLesson(t, 15)
		l.hold = hold
		l.pairs[5].Image = []byte("not a picture")
		var told []string
		_, bad, err := l.run(pipetest.Context(t), t, &stages.Train{
			OnStep: func(s stages.Step) error {
				if s.Seconds <= 0 || s.Pairs != 4 || s.Loss <= 0 || s.Gradient <= 0 {
					t.Errorf("step %+v", s)
				}
				told = append(told, fmt.Sprintf("%d.%d", s.Epoch, s.Step))
				return nil
			},
			OnEpoch: func(_ context.Context, epoch int64) error {
				told = append(told, fmt.Sprintf("epoch %d", epoch))
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := "1.1 1.2 1.3 epoch 1 2.4 2.5 2.6 epoch 2 3.7 3.8 3.9 epoch 3"
		if got := strings.Join(told, " "); got != want {
			t.Errorf("told %s, want %s", got, want)
		}
		if len(bad) != 3 || bad[0].ID != "5" || !strings.Contains(bad[0].Reason, "unsupported picture format") {
			t.Errorf("rejects %+v", bad)
		}
	}
}

// TestTrainGoesOnBitForBit breaks off after each step, by an error and by an order to stop, and compares the weights in
// the end with those of a run without a break.
func TestTrainGoesOnBitForBit(t *testing.T) {
	for _, hold := range []bool{false, true} {
		l := newLesson(t, 15)
		l.hold, l.options.Chunk = hold, 3
		l.pairs[5].Image = nil
		ctx := pipetest.Context(t)
		straight, _, err := l.run(ctx, t, &stages.Train{})
		if err != nil {
			t.Fatal(err)
		}
		want := straight.Model().Fingerprint()
		for at := 1; at < 9; at++ {
			state := filepath.Join(t.TempDir(), "state")
			broken := errors.New("broken off")
			_, _, err := l.run(ctx, t, &stages.Train{State: state, Every: 2, OnStep: func(s stages.Step) error {
				if s.Step == at {
					return broken
				}
				return nil
			}})
			if !errors.Is(err, broken) {
				t.Fatalf("error %v", err)
			}
			first := 0
			resumed, _, err := l.run(ctx, t, &stages.Train{State: state, OnStep: func(s stages.Step) error {
				if first == 0 {
					first = s.Step
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			if got := resumed.Model().Fingerprint(); got != want || resumed.Steps() != 9 {
				t.Errorf("held %t: broken off at step %d, gone on at %d: other weights after %d steps", hold, at, first, resumed.Steps())
			}
			if at > 2 && first == 1 {
				t.Errorf("broken off at step %d, and began anew", at)
			}
		}
	}
}

// TestTrainStopped closes the sink in the middle of an epoch, with rows gathered for the next step.
func TestTrainStopped(t *testing.T) {
	l := newLesson(t, 15)
	ctx := pipetest.Context(t)
	straight, _, err := l.run(ctx, t, &stages.Train{})
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(t.TempDir(), "state")
	some := l
	some.epochs = 1 // the source ends here, as if the reading had been stopped
	epochs := 0
	_, _, err = some.run(ctx, t, &stages.Train{
		State: state, Notes: map[string]string{"a": "b"}, Ended: func() bool { return false },
		OnEpoch: func(context.Context, int64) error { epochs++; return nil },
	})
	if err != nil || epochs != 0 {
		t.Fatalf("%v, %d epochs: want none to end", err, epochs)
	}
	if notes, err := train.Notes(state); err != nil || notes["a"] != "b" || notes["train.epoch"] != "0" || notes["train.row"] != "12" {
		t.Errorf("notes %v, %v: want to go on at row 12, where the step after the last begins", notes, err)
	}
	resumed, _, err := l.run(ctx, t, &stages.Train{State: state})
	if err != nil || resumed.Model().Fingerprint() != straight.Model().Fingerprint() {
		t.Errorf("%v, or other weights", err)
	}
	again, _, err := l.run(ctx, t, &stages.Train{State: state})
	if err != nil || again.Steps() != 9 || again.Model().Fingerprint() != straight.Model().Fingerprint() {
		t.Errorf("%v, or what has ended went on", err)
	}
}

func TestTrainErrors(t *testing.T) {
	ctx := pipetest.Context(t)
	l := newLesson(t, 3)
	if _, _, err := l.run(ctx, t, &stages.Train{}); err == nil || !strings.Contains(err.Error(), "epoch 1 has 3 pairs: fewer than a batch of 4") {
		t.Errorf("too few pairs: %v", err)
	}
	l.batch = 1
	if _, _, err := l.run(ctx, t, &stages.Train{}); err == nil || !strings.Contains(err.Error(), "a batch of 1") {
		t.Errorf("a batch of one: %v", err)
	}
	l.batch = 3
	if _, _, err := l.run(ctx, t, &stages.Train{State: filepath.Join(t.TempDir(), "none", "state")}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a state in no folder: %v", err)
	}
	for _, pair := range l.pairs {
		pair.Image = nil
	}
	l.pairs = nil
	if trainer, _, err := l.run(ctx, t, &stages.Train{}); err != nil || trainer.Steps() != 0 {
		t.Errorf("no pairs: %v", err)
	}

	pixels, tokens := pixels(ctx), tokens(ctx)
	defer pixels.Release()
	defer tokens.Release()
	unplaced, err := batch.JoinExamples(ctx, pixels, tokens)
	if err != nil {
		t.Fatal(err)
	}
	defer unplaced.Release()
	if err := (&stages.Train{Batch: 2}).Write(ctx, unplaced); err == nil || !strings.Contains(err.Error(), "sources.Epochs") {
		t.Errorf("rows without places: %v", err)
	}
}

// TestTrainOnOneCaption has nothing to tell apart: the loss of pairs that are not held against each other is zero.
func TestTrainOnOneCaption(t *testing.T) {
	l := newLesson(t, 8)
	for i := range l.pairs {
		l.pairs[i].Caption = "a circle"
	}
	for _, l.options.Distinct = range []bool{false, true} {
		_, _, err := l.run(pipetest.Context(t), t, &stages.Train{OnStep: func(s stages.Step) error {
			if s.Duplicates != 3 || (math.Abs(s.Loss) < 1e-6) != l.options.Distinct {
				t.Errorf("distinct %t: %d duplicates, loss %g", l.options.Distinct, s.Duplicates, s.Loss)
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// placed are pairs in an epoch.
func placed(epoch int64) func(context.Context) batch.Pairs {
	return func(ctx context.Context) batch.Pairs {
		p := pairs(ctx)
		defer p.Release()
		return batch.WithPlaces(ctx, p, batch.Place{Epoch: epoch})
	}
}

func TestAugment(t *testing.T) {
	augment := stages.Augment{Model: small, Seed: 4}
	pipetest.TestRowStage(t, augment, pairs)
	pipetest.TestRowStage(t, augment, placed(1))

	ctx := pipetest.Context(t)
	row := func(in func(context.Context) batch.Pairs, stage stages.Augment) []float32 {
		out := made(in, stage)(ctx)
		defer out.Release()
		return slices.Clone(out.Pixels().Row(2))
	}
	first := row(placed(1), augment)
	if !slices.Equal(first, row(placed(1), augment)) {
		t.Error("the same row of the same epoch is cut in another way")
	}
	if slices.Equal(first, row(placed(2), augment)) {
		t.Error("the next epoch cuts the row in the same way")
	}
	if slices.Equal(first, row(placed(1), stages.Augment{Model: small, Seed: 5})) {
		t.Error("another seed cuts the row in the same way")
	}
}

func TestEvaluateSink(t *testing.T) {
	pipetest.TestSink(t, func(t *testing.T) (pipeline.Sink[batch.Vectors], func() int64) {
		e := &stages.Evaluate{LogitScale: 10}
		return e, func() int64 { return int64(e.Result.Pairs) }
	}, vectors)

	ctx := pipetest.Context(t)
	v := vectors(ctx)
	defer v.Release()
	e := &stages.Evaluate{LogitScale: 10, Group: 2}
	if err := errors.Join(e.Open(ctx), e.Write(ctx, v), e.Write(ctx, v), e.Close()); err != nil {
		t.Fatal(err)
	}
	all, err := train.EvaluateEmbeddings(append(slices.Clone(v.Image().Values), v.Image().Values...), append(slices.Clone(v.Text().Values), v.Text().Values...), v.Image().Width, 10)
	if err != nil {
		t.Fatal(err)
	}
	if e.Result != all || e.Result.Pairs != 6 {
		t.Errorf("%+v, want %+v", e.Result, all)
	}
	// Rows 0 1, 2 0, 1 2: in groups of two there is one to tell from.
	if g := e.Grouped; g.Pairs != 2 || g.ImageToText.Recall5 != 1 || g.Loss <= 0 || g.Loss >= all.Loss {
		t.Errorf("in groups of two: %+v", g)
	}
}
