package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pairstream/pairstream/pipeline"
)

func TestAll(t *testing.T) {
	var h heap
	stream := func(f func(int) (int, error)) (*count, pipeline.Stream[numbers]) {
		source := &count{heap: &h, rows: 10, each: 2}
		return source, pipeline.Through(pipeline.From(source), each(f))
	}
	t.Run("to the end", func(t *testing.T) {
		source, s := stream(same)
		total := 0
		for b, err := range pipeline.All(t.Context(), s) {
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range b.rows {
				total += n
			}
		}
		if total != 45 || source.committed.Load() != 5 {
			t.Errorf("sum %d of 45, %d batches of 5 committed", total, source.committed.Load())
		}
		h.check(t)
	})
	t.Run("left early", func(t *testing.T) {
		_, s := stream(same)
		for range pipeline.All(t.Context(), s) {
			break
		}
		h.check(t)
	})
	t.Run("error", func(t *testing.T) {
		failing := errors.New("no")
		_, s := stream(func(n int) (int, error) {
			if n == 5 {
				return 0, failing
			}
			return n, nil
		})
		var last error
		for _, err := range pipeline.All(t.Context(), s) {
			last = err
		}
		if !errors.Is(last, failing) {
			t.Errorf("%v, not %v", last, failing)
		}
		h.check(t)
	})
	t.Run("panic in the body", func(t *testing.T) {
		_, s := stream(same)
		func() {
			defer func() { _ = recover() }()
			for range pipeline.All(t.Context(), s) {
				panic("oh")
			}
		}()
		h.check(t)
	})
}

func TestRetry(t *testing.T) {
	busy := errors.New("busy")
	for _, test := range []struct {
		name    string
		fails   int
		err     error
		tries   int
		want    string
		atLeast time.Duration
	}{
		{"succeeds at last", 3, pipeline.Transient(busy), 4, "", 350 * time.Millisecond},
		{"gives up", 9, pipeline.Transient(busy), 3, "busy (tried 3 times)", 150 * time.Millisecond},
		{"is not transient", 9, busy, 1, "busy", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var h heap
				tries := 0
				flaky := pipeline.StageFunc[numbers, numbers](func(_ context.Context, in numbers) (numbers, error) {
					if tries++; tries <= test.fails {
						return numbers{}, test.err
					}
					return in.heap.numbers(in.rows...), nil
				})
				in := h.numbers(1)
				began := time.Now()
				out, err := pipeline.Retry(flaky, pipeline.Backoff{Tries: min(4, max(test.tries, 3))}).Process(t.Context(), in)
				in.Release()
				switch {
				case err == nil:
					out.Release()
				case err.Error() != test.want || !errors.Is(err, busy):
					t.Errorf("%v, not %s", err, test.want)
				}
				if (err == nil) != (test.want == "") || tries != test.tries {
					t.Errorf("%v after %d tries, not %d", err, tries, test.tries)
				}
				if took := time.Since(began); took < test.atLeast || took > 2*test.atLeast {
					t.Errorf("waited %v, not %v to twice that", took, test.atLeast)
				}
				h.check(t)
			})
		})
	}
	t.Run("sink", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var h heap
			tries := 0
			sink := &keep{fail: func(numbers) error {
				if tries++; tries < 3 {
					return pipeline.Transient(busy)
				}
				return nil
			}}
			source := &count{heap: &h, rows: 4, each: 2}
			if err := pipeline.Run(t.Context(), pipeline.Into(pipeline.From(source), pipeline.RetrySink(sink, pipeline.Backoff{}))); err != nil {
				t.Fatal(err)
			}
			if len(sink.rows) != 4 || !sink.closed {
				t.Errorf("%d rows of 4 stored", len(sink.rows))
			}
			h.check(t)
		})
	})
}
