package pipeline_test

import (
	"context"
	"io"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pairstream/pairstream/pipeline"
)

func TestRebatch(t *testing.T) {
	for _, test := range []struct {
		name   string
		rows   int
		each   int
		window pipeline.Window
		want   []int // rows a window
	}{
		{"joins", 10, 1, pipeline.Window{Rows: 4}, []int{4, 4, 2}},
		{"splits", 10, 10, pipeline.Window{Rows: 4}, []int{4, 4, 2}},
		{"both", 10, 3, pipeline.Window{Rows: 4}, []int{4, 4, 2}},
		{"leaves alone", 9, 3, pipeline.Window{Rows: 3}, []int{3, 3, 3}},
		{"bytes", 10, 3, pipeline.Window{Bytes: 5 * 8}, []int{5, 5}},
		{"a row larger than a window", 3, 3, pipeline.Window{Bytes: 1}, []int{1, 1, 1}},
		{"rows before bytes", 10, 3, pipeline.Window{Rows: 4, Bytes: 5 * 8}, []int{4, 4, 2}},
		{"no limits", 10, 3, pipeline.Window{}, []int{10}},
		{"nothing", 0, 3, pipeline.Window{Rows: 4}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h heap
			source, sink := &count{heap: &h, rows: test.rows, each: test.each}, &keep{}
			if err := pipeline.Run(t.Context(), pipeline.Into(pipeline.Rebatch(pipeline.From(source), test.window), sink)); err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, b := range sink.batches {
				got = append(got, len(b))
			}
			if !slices.Equal(got, test.want) || !slices.Equal(sink.rows, upTo(test.rows)) {
				t.Errorf("windows of %v rows, not %v", got, test.want)
			}
			if got, want := source.committed.Load(), int64((test.rows+test.each-1)/test.each); got != want {
				t.Errorf("%d batches committed of %d", got, want)
			}
			h.check(t)
		})
	}
}

// A batch may only be committed when the windows that hold its rows are stored.
func TestRebatchCommitsWholeBatches(t *testing.T) {
	var h heap
	source := &count{heap: &h, rows: 9, each: 3}
	sink := &keep{fail: func(n numbers) error {
		if n.rows[0] == 4 {
			return io.ErrShortWrite
		}
		return nil
	}}
	err := pipeline.Run(t.Context(), pipeline.Into(pipeline.Rebatch(pipeline.From(source), pipeline.Window{Rows: 4}), sink))
	if err == nil {
		t.Fatal("no error")
	}
	if got := source.committed.Load(); got != 1 { // rows 0 to 3 are stored: batch 1 and a third of batch 2
		t.Errorf("%d batches committed, not 1", got)
	}
	h.check(t)
}

// trickle is a source that gives a row and then pauses.
type trickle struct {
	count
	pause time.Duration
}

func (s *trickle) Read(ctx context.Context) (numbers, error) {
	if s.next > 0 {
		time.Sleep(s.pause)
	}
	return s.count.Read(ctx)
}

func TestRebatchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h heap
		source := &trickle{count{heap: &h, rows: 7, each: 1}, 400 * time.Millisecond}
		sink := &keep{}
		window := pipeline.Window{Rows: 100, Wait: time.Second}
		if err := pipeline.Run(t.Context(), pipeline.Into(pipeline.Rebatch(pipeline.From(source), window), sink)); err != nil {
			t.Fatal(err)
		}
		// Rows come at 0, 0.4, 0.8, 1.2 … s: the first window closes at 1 s, the second, begun at 1.2 s, at 2.2 s.
		if want := [][]int{{0, 1, 2}, {3, 4, 5}, {6}}; !reflect.DeepEqual(sink.batches, want) {
			t.Errorf("windows %v, not %v", sink.batches, want)
		}
		h.check(t)
	})
}
