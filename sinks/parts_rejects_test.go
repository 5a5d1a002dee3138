package sinks_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
)

func TestPartsTakeRejects(t *testing.T) {
	for name, c := range map[string]struct {
		rows, rejects []place
		flushed       []string // parts before Close
		closed        []string
	}{
		"between rows":          {from("a", 0, 2, 4), from("a", 1, 3), []string{"0-5 3+2"}, []string{"0-5 3+2"}},
		"behind them":           {from("a", 0, 1), from("a", 2, 3), []string{"0-4 2+2"}, []string{"0-4 2+2"}},
		"behind rows to come":   {from("a", 0, 1), from("a", 3, 5), []string{"0-2 2+0"}, []string{"0-2 2+0", "2-6 0+2"}},
		"alone":                 {nil, from("a", 0, 1), []string{"0-2 0+2"}, []string{"0-2 0+2"}},
		"alone behind a gap":    {nil, from("a", 1, 2), nil, []string{"0-3 0+2"}},
		"in another lane alone": {from("b", 0), from("a", 0), []string{"0-1 0+1"}, []string{"0-1 0+1"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				s := &vectorParts{Dir: dir, Flush: time.Second}
				rejects := s.Rejects()
				open(t, ctx, s)
				putRejects(t, ctx, rejects, c.rejects...)
				if len(c.rows) > 0 {
					put(t, ctx, s, c.rows...)
				}
				if s.Stored() != 0 || rejects.(pipeline.Storer).Stored() != 0 {
					t.Error("stored before anything is published")
				}
				time.Sleep(2 * time.Second)
				s.Stored()
				checkParts(t, dir, "a", c.flushed...)
				if got, want := rejects.(pipeline.Storer).Stored() == 1, slices.Equal(c.flushed, c.closed); got != want {
					t.Errorf("the rejects are stored: %v, not %v", got, want)
				}
				if err := errors.Join(s.Close(), rejects.Close()); err != nil {
					t.Fatal(err)
				}
				if rejects.(pipeline.Storer).Stored() != 1 {
					t.Error("the rejects are not stored")
				}
			})
			checkParts(t, dir, "a", c.closed...)
			rows, rejects := stored(t, dir)
			checkPlaces(t, "rows", rows, c.rows)
			checkPlaces(t, "rejects", rejects, c.rejects)
			// A part without rows does not stand in the way of rows to come, whatever their columns.
			ctx := pipetest.Context(t)
			v := rowsAt(ctx, "a", from("a", 0, 9)...)
			defer v.Release()
			store(t, ctx, pipeline.Sink[batch.Vectors](&vectorParts{Dir: dir}), v)
			rows, _ = stored(t, dir)
			if last := rows[slices.IndexFunc(rows, func(p place) bool { return p == place{"a", 9} })]; last.offset != 9 {
				t.Error(rows)
			}
		})
	}
}

func TestPartsRejectsAfterTheRows(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	s := &vectorParts{Dir: dir}
	rejects := s.Rejects()
	open(t, ctx, s)
	put(t, ctx, s, from("a", 0)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	putRejects(t, ctx, rejects, from("b", 4)...) // of a flow that ends later
	if err := rejects.Close(); err != nil {
		t.Fatal(err)
	}
	_, rejected := stored(t, dir)
	checkPlaces(t, "rejects", rejected, from("b", 4))
}

func TestPartsSplitManyRejects(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	s := &vectorParts{Dir: dir}
	rejects := s.Rejects()
	open(t, ctx, s)
	long := rejectsAt(upTo("a", 0, 3)...)
	for i := range long {
		long[i].Reason = strings.Repeat("because ", 300<<10)
	}
	if err := rejects.Write(ctx, long); err != nil {
		t.Fatal(err)
	}
	put(t, ctx, s, upTo("a", 3, 5)...)
	if err := errors.Join(s.Close(), rejects.Close()); err != nil {
		t.Fatal(err)
	}
	checkParts(t, dir, "a", "0-1 0+1", "1-2 0+1", "2-5 2+1")
}
