package stages

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pairstream/pairstream/model/train"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Train is where pairs end that a model learns from: a sink. It gathers the rows of sources.Epochs into batches of a
// size, each of which is a step; the rows of an epoch that are left over at its end are not learnt from. Its pixels and
// tokens are copied once, and no more than a batch of them is held.
type Train struct {
	Trainer *train.Trainer
	Batch   int // pairs a step

	// OnStep and OnEpoch, where they are not nil, are called after each step and after the last step of each epoch,
	// between which the Trainer stands still: it may be looked at and saved. An error ends the run.
	OnStep  func(Step) error
	OnEpoch func(ctx context.Context, epoch int64) error

	// State is the file that the state of training is kept in, "" for none: it is replaced after every Every steps (0 is
	// never), after each epoch, and at the end. Notes are kept with it.
	State string
	Every int
	Notes map[string]string

	// Ended tells, when there are no more rows, whether the epoch is over, or was broken off to be gone on with later.
	// Nil is always.
	Ended func() bool

	pixels []float32
	tokens []int32
	first  batch.Place // of the rows that are gathered
	next   batch.Place // behind the last row
	epoch  int64       // the one under way; -1 before the first
	steps  int         // of the epoch
	rows   int64       // of the epoch
	began  time.Time   // the step
	ctx    context.Context
	writes int64 // begun
	stored int64
}

// A Step is what one step tells.
type Step struct {
	Epoch int64 // counted from 1
	train.Metrics
	Seconds float64 // since the last step, with what it waited for
}

// Open begins.
func (t *Train) Open(ctx context.Context) error {
	if t.Batch < 2 {
		return fmt.Errorf("a batch of %d: to learn from the others takes 2", t.Batch)
	}
	t.ctx, t.epoch, t.began, t.writes, t.stored = ctx, -1, time.Now(), 0, 0
	t.clear()
	return nil
}

func (t *Train) clear() {
	t.pixels, t.tokens = t.pixels[:0], t.tokens[:0]
}

// Write gathers rows, and takes a step whenever there are enough.
func (t *Train) Write(ctx context.Context, in batch.Examples) error {
	places, err := in.Places()
	if err != nil {
		return err
	}
	t.writes++
	pixels, tokens := in.Pixels(), in.Tokens()
	for i, place := range places {
		if place.Epoch != t.epoch {
			if err := t.finishEpoch(ctx, place); err != nil {
				return err
			}
			t.epoch = place.Epoch
		}
		if len(t.tokens) == 0 {
			t.first = place
		}
		t.pixels = append(t.pixels, pixels.Row(i)...)
		t.tokens = append(t.tokens, tokens.Row(i)...)
		t.next, t.rows = batch.Place{Epoch: place.Epoch, Row: place.Row + 1}, t.rows+1
		if len(t.tokens) == t.Batch*tokens.Width {
			if err := t.step(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Train) step() error {
	m, err := t.Trainer.Step(t.pixels, t.tokens)
	if err != nil {
		return err
	}
	now := time.Now()
	s := Step{Epoch: t.epoch + 1, Metrics: m, Seconds: now.Sub(t.began).Seconds()}
	t.began = now
	t.steps++
	t.clear()
	if t.OnStep != nil {
		if err := t.OnStep(s); err != nil {
			return err
		}
	}
	if t.Every > 0 && m.Step%t.Every == 0 {
		return t.save(t.next)
	}
	return nil
}

// finishEpoch ends the epoch under way, where there is one; next is the first row behind it.
func (t *Train) finishEpoch(ctx context.Context, next batch.Place) error {
	defer func() { t.steps, t.rows, t.began = 0, 0, time.Now() }()
	if t.epoch < 0 {
		return nil
	}
	if t.steps == 0 && t.rows > 0 && t.rows < int64(t.Batch) && t.next.Row < int64(t.Batch) {
		return fmt.Errorf("epoch %d has %d pairs: fewer than a batch of %d", t.epoch+1, t.rows, t.Batch)
	}
	t.clear()
	if t.OnEpoch != nil {
		if err := t.OnEpoch(ctx, t.epoch+1); err != nil {
			return err
		}
	}
	return t.save(batch.Place{Epoch: next.Epoch})
}

// Names of the notes that say where training goes on.
const (
	epochNote = "train.epoch"
	rowNote   = "train.row"
)

// save keeps the state of training, which goes on at a place.
func (t *Train) save(next batch.Place) error {
	if t.State == "" {
		return nil
	}
	notes := map[string]string{epochNote: strconv.FormatInt(next.Epoch, 10), rowNote: strconv.FormatInt(next.Row, 10)}
	for name, note := range t.Notes {
		notes[name] = note
	}
	if err := t.Trainer.Save(t.State, notes); err != nil {
		return err
	}
	t.stored = t.writes - 1
	return nil
}

// Resume lets a trainer go on from a state that Train kept, and returns the row that comes next: sources.Epochs.Start.
func Resume(trainer *train.Trainer, state string) (next batch.Place, err error) {
	notes, err := trainer.Load(state)
	if err != nil {
		return next, err
	}
	epoch, err := strconv.ParseInt(notes[epochNote], 10, 64)
	row, errRow := strconv.ParseInt(notes[rowNote], 10, 64)
	if errors.Join(err, errRow) != nil || epoch < 0 || row < 0 {
		return next, fmt.Errorf("%s does not say where in the data training stood", state)
	}
	return batch.Place{Epoch: epoch, Row: row}, nil
}

// Stored returns how many writes the state on disk is behind: all, where none is kept.
func (t *Train) Stored() int64 {
	if t.State == "" {
		return t.writes
	}
	return t.stored
}

// Close ends the last epoch, or keeps where it was broken off.
func (t *Train) Close() error {
	if t.epoch < 0 {
		return nil // there was not a row
	}
	if t.Ended == nil || t.Ended() {
		return t.finishEpoch(t.ctx, batch.Place{Epoch: t.epoch + 1})
	}
	next := t.next
	if len(t.tokens) > 0 {
		next = t.first
	}
	return t.save(next)
}

// Abort leaves the state as it was last kept.
func (t *Train) Abort() error { return nil }
