package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Epochs gives the pairs of a source again and again, each time in another order: what a model is trained on. The rows
// have the columns batch.Epoch and batch.EpochRow, and no batch has rows of two epochs; lanes are mixed.
//
// An [Indexed] source is shuffled as a whole. Of another one a number of rows is held, one of which, drawn by lot, makes
// room for the next that is read. Either way the order depends on Seed and the epoch alone, and training can go on
// at any row as if it had never stopped.
type Epochs struct {
	Source pipeline.Source[batch.Pairs]
	Count  int64 // of epochs; 0 is 1
	Seed   uint64

	// Hold is how many rows are shuffled among each other where the source is not Indexed; 0 is 2048. They are never
	// more than 512 MiB.
	Hold int

	// Only says which rows are given, by their number in the source; nil gives all. See HeldOut.
	Only func(row int64) bool

	// Start is the first row that is given. Those before it are not read where the source is Indexed, and else read and
	// passed over.
	Start batch.Place

	Rows int // a batch; 16

	index  Index // nil where the source has none
	order  []int64
	held   held
	next   batch.Place
	ended  bool
	given  atomic.Int64 // rows, those before Start included
	total  int64        // of all epochs; 0 where that is not known
	epochs int64
}

// HeldOut returns two halves of a source for Epochs.Only: a share of the rows, chosen by lot, and all the others.
func HeldOut(share float64, seed uint64) (held, others func(row int64) bool) {
	held = func(row int64) bool {
		return float64(xxhash.Sum64String(fmt.Sprint(seed, "/", row)))/(1<<64) < share
	}
	return held, func(row int64) bool { return !held(row) }
}

// Open indexes the source, or opens it.
func (e *Epochs) Open(ctx context.Context) error {
	if e.Start.Epoch < 0 || e.Start.Row < 0 || e.Hold < 0 || e.Rows < 0 || e.Count < 0 {
		return fmt.Errorf("%d epochs from %+v on, %d rows held, %d a batch: none may be negative", e.Count, e.Start, e.Hold, e.Rows)
	}
	e.epochs = cmp.Or(e.Count, 1)
	e.next, e.ended, e.total = e.Start, false, 0
	e.given.Store(0)
	var err error
	if e.index, err = indexOf(ctx, e.Source); err != nil {
		return err
	}
	if e.index == nil {
		if _, reopens := e.Source.(pipeline.Opener); !reopens && e.epochs > 1 {
			return errors.New("the source cannot be read more than once")
		}
		return nil
	}
	e.order = nil
	for i := range e.index.Len() {
		if e.Only == nil || e.Only(i) {
			e.order = append(e.order, i)
		}
	}
	e.total = e.epochs * int64(len(e.order))
	e.given.Store(e.next.Epoch*int64(len(e.order)) + e.next.Row)
	if len(e.order) == 0 {
		e.next.Epoch = e.epochs
	} else if e.next.Epoch < e.epochs {
		e.shuffle()
	}
	return nil
}

// random is the lot of an epoch.
func (e *Epochs) random() *rand.Rand { return rand.New(rand.NewPCG(e.Seed, uint64(e.next.Epoch))) }

// shuffle puts the numbers of the rows in the order of the epoch.
func (e *Epochs) shuffle() {
	k := 0
	for i := range e.index.Len() {
		if e.Only == nil || e.Only(i) {
			e.order[k] = i
			k++
		}
	}
	e.random().Shuffle(len(e.order), func(i, j int) { e.order[i], e.order[j] = e.order[j], e.order[i] })
}

// Read returns the next rows of an epoch.
func (e *Epochs) Read(ctx context.Context) (batch.Pairs, error) {
	if err := ctx.Err(); err != nil {
		return batch.Pairs{}, err
	}
	read := e.readIndexed
	if e.index == nil {
		read = e.readHeld
	}
	rows, err := read(ctx)
	var bad pipeline.RowErrors
	if err != nil && !errors.As(err, &bad) {
		e.ended = err == io.EOF
		return batch.Pairs{}, err
	}
	defer rows.Release()
	placed := batch.WithPlaces(ctx, rows, e.next)
	e.next.Row += rows.NumRows()
	e.given.Add(rows.NumRows())
	return placed, bad.OrNil()
}

func (e *Epochs) rows() int { return cmp.Or(e.Rows, 16) }

func (e *Epochs) readIndexed(ctx context.Context) (batch.Pairs, error) {
	n := int64(len(e.order))
	for e.next.Epoch < e.epochs && e.next.Row >= n {
		if e.next = (batch.Place{Epoch: e.next.Epoch + 1}); e.next.Epoch < e.epochs {
			e.shuffle()
		}
	}
	if e.next.Epoch >= e.epochs {
		return batch.Pairs{}, io.EOF
	}
	return e.index.Rows(ctx, e.order[e.next.Row:min(n, e.next.Row+int64(e.rows()))])
}

func (e *Epochs) readHeld(ctx context.Context) (batch.Pairs, error) {
	for e.next.Epoch < e.epochs {
		if e.held.from == nil {
			if err := e.held.open(ctx, e.Source, e.random(), e.Only, cmp.Or(e.Hold, 2048)); err != nil {
				return batch.Pairs{}, err
			}
			for range e.next.Row {
				row, err := e.held.draw(ctx)
				if err == io.EOF {
					break
				}
				if err != nil {
					return batch.Pairs{}, err
				}
				row.pair.Release()
			}
		}
		rows, err := e.held.read(ctx, e.rows())
		if err != io.EOF {
			return rows, err
		}
		if err := e.held.close(); err != nil {
			return batch.Pairs{}, err
		}
		e.next = batch.Place{Epoch: e.next.Epoch + 1}
	}
	return batch.Pairs{}, io.EOF
}

// Ended reports whether all epochs have been read to their end.
func (e *Epochs) Ended() bool { return e.ended }

// Close closes the source.
func (e *Epochs) Close() error {
	if e.index != nil {
		index := e.index
		e.index = nil
		return index.Close()
	}
	return e.held.close()
}

// Progress returns the share of the rows of all epochs that has been given; 0 where the source is not Indexed.
func (e *Epochs) Progress() float64 {
	if e.total == 0 {
		return 0
	}
	return float64(e.given.Load()) / float64(e.total)
}
