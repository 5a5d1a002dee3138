package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

// A feed is a source of deliveries that goes on where a sink says, and notes what is committed.
type feed struct {
	all       []delivery
	resume    func(ctx context.Context, lane string) (int64, bool, error)
	read      int
	committed int64
}

func (f *feed) Read(ctx context.Context) (batch.Vectors, error) {
	for f.read < len(f.all) {
		d := f.all[f.read]
		places := append(append([]place{}, d.rows...), d.bad...)
		next, _, err := f.resume(ctx, places[0].lane)
		if err != nil {
			return batch.Vectors{}, err
		}
		f.read++
		if places = behind(places, func(string) int64 { return next }); len(places) == 0 {
			continue
		}
		var bad pipeline.RowErrors
		for i, p := range places {
			for _, b := range d.bad {
				if b == p {
					bad = append(bad, pipeline.RowError{Row: int64(i), Err: errors.New("bad")})
				}
			}
		}
		return rowsAt(ctx, "a", places...), bad.OrNil()
	}
	return batch.Vectors{}, io.EOF
}

func (f *feed) Commit(_ context.Context, n int64) error {
	f.committed = n
	return nil
}

func (f *feed) Close() error { return nil }

var errCrash = errors.New("crash")

// What a run that fails has committed is stored, and one that begins anew completes it.
func TestPartsInARun(t *testing.T) {
	for seed := range seedsOr(t, 6) {
		ctx := pipetest.Context(t)
		dir := t.TempDir()
		all := deliveries(seed, 40)
		for attempt := 0; ; attempt++ {
			s := &vectorParts{Dir: dir, PartBytes: 500}
			sinks.SetDisk(s, sinks.NoSync)
			source := &feed{all: all, resume: s.Resume}
			windows := 0
			crash := pipeline.StageFunc[batch.Vectors, batch.Vectors](func(_ context.Context, in batch.Vectors) (batch.Vectors, error) {
				if windows++; windows == 3 && attempt < 3 {
					return in, errCrash
				}
				in.Retain()
				return in, nil
			})
			stream := pipeline.Rebatch(pipeline.From(source), pipeline.Window{Rows: 10})
			err := pipeline.Runner{Rejects: s.Rejects()}.Run(ctx, pipeline.Into(pipeline.Through(stream, crash), s))
			if err == nil {
				if source.committed == 0 && attempt == 0 {
					t.Errorf("seed %d: nothing was committed", seed)
				}
				break
			}
			if !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
		}
		checkOnce(t, fmt.Sprint("seed ", seed), dir, all)
	}
}
