package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pairstream/pairstream/pipeline"
)

// A sink may refuse rows and write the others.
func TestSinkRefusesRows(t *testing.T) {
	flow := func(h *heap) (*count, *keep, pipeline.Flow) {
		source, sink := &count{heap: h, rows: 20, each: 4}, &keep{}
		sink.fail = func(n numbers) error {
			var bad pipeline.RowErrors
			for i, row := range n.rows {
				if row%7 == 5 {
					bad = append(bad, pipeline.RowError{Row: int64(i), Err: errors.New("too large")})
				} else {
					sink.rows = append(sink.rows, row)
				}
			}
			return bad.OrNil()
		}
		return source, sink, pipeline.Into(pipeline.From(source), sink, pipeline.Name("narrow"))
	}
	var h heap
	source, _, into := flow(&h)
	rejects := &keepRejects{}
	var report pipeline.Report
	runner := pipeline.Runner{Rejects: rejects, Observers: []pipeline.Observer{pipeline.ObserverFunc(func(e pipeline.Event) {
		if f, ok := e.(pipeline.Finished); ok {
			report = f.Report
		}
	})}}
	if err := runner.Run(t.Context(), into); err != nil {
		t.Fatal(err)
	}
	want := pipeline.Rejects{
		{ID: "n5", Step: "narrow", Reason: "too large", Origin: "count:5"},
		{ID: "n12", Step: "narrow", Reason: "too large", Origin: "count:12"},
		{ID: "n19", Step: "narrow", Reason: "too large", Origin: "count:19"},
	}
	if !slices.Equal(rejects.all, want) {
		t.Errorf("rejects %v, not %v", rejects.all, want)
	}
	if stored := report.Steps[len(report.Steps)-1].Rows; report.Read != 20 || report.Rejected != 3 || stored != 17 {
		t.Errorf("%d read, %d rejected and %d stored", report.Read, report.Rejected, stored)
	}
	if got := source.committed.Load(); got != 5 {
		t.Errorf("%d batches committed of 5", got)
	}
	_, _, into = flow(&h)
	if err := pipeline.Run(t.Context(), into); err == nil || fmt.Sprint(err)[:7] != "narrow " {
		t.Errorf("without a rejects sink: %v", err)
	}
	h.check(t)
}

// behind is a source that takes a while, knows its lag, and warns when it is opened.
type behind struct {
	count
	left atomic.Int64
}

func (b *behind) Open(ctx context.Context) error {
	pipeline.Warn(ctx, errors.New("trying again"))
	return nil
}

func (b *behind) Read(ctx context.Context) (numbers, error) {
	time.Sleep(7 * time.Second)
	defer func() { b.left.Store(int64(b.rows - b.next)) }()
	return b.count.Read(ctx)
}

func (b *behind) Lag() map[string]int64 { return map[string]int64{"all": b.left.Load()} }

func TestObserversHearOfLagAndWarnings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h heap
		var lags []int64
		var warned []string
		observer := pipeline.ObserverFunc(func(e pipeline.Event) {
			switch e := e.(type) {
			case pipeline.Lagging:
				lags = append(lags, slices.Collect(maps.Values(e.Lag))...)
			case pipeline.Warned:
				warned = append(warned, e.Step+": "+e.Err.Error())
			}
		})
		source := &behind{count: count{heap: &h, rows: 8, each: 2}}
		flow := pipeline.Into(pipeline.From(source), &keep{})
		if err := (pipeline.Runner{Observers: []pipeline.Observer{observer}}).Run(t.Context(), flow); err != nil {
			t.Fatal(err)
		}
		if want := []int64{6, 4, 0, 0}; !slices.Equal(lags, want) { // after 10, 20 and 30 seconds, and at the end
			t.Errorf("lags %v, not %v", lags, want)
		}
		if !slices.Equal(warned, []string{"behind: trying again"}) {
			t.Errorf("warnings %q", warned)
		}
		h.check(t)
	})
	pipeline.Warn(t.Context(), errors.New("heard by nobody"))
}
