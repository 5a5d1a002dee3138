package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pairstream/pairstream/pipeline"
)

// diamond draws source → tee → left, right → zip → sink.
func diamond(source *count, left, right pipeline.Stage[numbers, numbers], sink *keep, workers int) pipeline.Flow {
	a, b := pipeline.Tee(pipeline.From(source))
	a = pipeline.Through(a, left, pipeline.Workers(workers), pipeline.Name("left"))
	b = pipeline.Through(b, right, pipeline.Name("right"))
	return pipeline.Into(pipeline.Zip(a, b, sum), sink)
}

func TestRunKeepsOrder(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		var h heap
		source, sink := &count{heap: &h, rows: 1000, each: 3}, &keep{}
		slow := each(func(n int) (int, error) {
			if n%5 == 0 {
				time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond)
			}
			return n, nil
		})
		if err := pipeline.Run(t.Context(), diamond(source, slow, each(same), sink, workers)); err != nil {
			t.Fatal(err)
		}
		want := upTo(1000)
		for i := range want {
			want[i] *= 2
		}
		if !slices.Equal(sink.rows, want) {
			t.Errorf("%d workers: rows out of order", workers)
		}
		if !sink.closed || !source.opened || !source.closed || sink.aborted {
			t.Errorf("%d workers: parts were not opened and closed", workers)
		}
		if got := source.committed.Load(); got != 334 {
			t.Errorf("%d workers: %d batches committed of 334", workers, got)
		}
		if !slices.IsSorted(source.commits) {
			t.Errorf("commits fell: %v", source.commits)
		}
		h.check(t)
	}
}

func TestErrorReadsAsOneLine(t *testing.T) {
	failing := errors.New("unexpected EOF")
	for _, test := range []struct {
		name string
		flow func(h *heap) pipeline.Flow
		want string
	}{
		{"row", func(h *heap) pipeline.Flow {
			return diamond(&count{heap: h, rows: 100, each: 2}, each(func(n int) (int, error) {
				if n == 17 {
					return 0, failing
				}
				return n, nil
			}), each(same), &keep{}, 1)
		}, `left (run_test.go:N): batch 9, row "n17": unexpected EOF`},
		{"batch", func(h *heap) pipeline.Flow {
			return diamond(&count{heap: h, rows: 100, each: 2}, each(same), pipeline.StageFunc[numbers, numbers](
				func(_ context.Context, in numbers) (numbers, error) {
					if in.rows[0] == 4 {
						return numbers{}, failing
					}
					return in.heap.numbers(in.rows...), nil
				}), &keep{}, 1)
		}, `right (run_test.go:N): batch 3: unexpected EOF`},
		{"panic", func(h *heap) pipeline.Flow {
			return diamond(&count{heap: h, rows: 100, each: 2}, each(func(n int) (int, error) { panic("oh") }), each(same), &keep{}, 3)
		}, `left (run_test.go:N): batch `},
		{"source", func(h *heap) pipeline.Flow {
			return diamond(&count{heap: h, rows: 10, each: 2, fail: failing}, each(same), each(same), &keep{}, 1)
		}, `count (run_test.go:N): batch 6: unexpected EOF`},
		{"sink", func(h *heap) pipeline.Flow {
			return diamond(&count{heap: h, rows: 10, each: 2}, each(same), each(same), &keep{fail: func(numbers) error { return failing }}, 1)
		}, `keep (run_test.go:N): batch 1: unexpected EOF`},
		{"rows that a stage lost", func(h *heap) pipeline.Flow {
			return diamond(&count{heap: h, rows: 10, each: 2}, each(same), pipeline.StageFunc[numbers, numbers](
				func(_ context.Context, in numbers) (numbers, error) { return in.heap.numbers(1), nil }), &keep{}, 1)
		}, `zip (run_test.go:N): batch 1: 2 rows on the left and 1 on the right`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h heap
			err := pipeline.Run(t.Context(), test.flow(&h))
			got := regexp.MustCompile(`go:\d+`).ReplaceAllString(fmt.Sprint(err), "go:N")
			if !strings.HasPrefix(got, test.want) || strings.Contains(got, "\n") {
				t.Errorf("%s\nnot %s", got, test.want)
			}
			if test.name != "panic" && test.name != "rows that a stage lost" && !errors.Is(err, failing) {
				t.Errorf("%v does not wrap its cause", err)
			}
			h.check(t)
		})
	}
}

func TestFailureAbortsSinksAndCommitsWhatIsStored(t *testing.T) {
	var h heap
	source := &count{heap: &h, rows: 100, each: 1}
	sink := &keep{fail: func(n numbers) error {
		if n.rows[0] == 10 {
			return errors.New("disk full")
		}
		return nil
	}}
	if err := pipeline.Run(t.Context(), pipeline.Into(pipeline.From(source), sink)); err == nil {
		t.Fatal("no error")
	}
	if !sink.aborted || sink.closed {
		t.Error("the sink was closed, not aborted")
	}
	if got := source.committed.Load(); got != 10 {
		t.Errorf("%d batches committed; 10 were stored", got)
	}
	h.check(t)
}

func TestRejects(t *testing.T) {
	bad := func(multiple int) func(int) (int, error) {
		return func(n int) (int, error) {
			if n%multiple == 0 {
				return 0, fmt.Errorf("a multiple of %d", multiple)
			}
			return n, nil
		}
	}
	for _, workers := range []int{1, 3} {
		var h heap
		source, sink, rejects := &count{heap: &h, rows: 100, each: 4}, &keep{}, &keepRejects{}
		source.bad = func(n int) error {
			if n >= 96 { // a whole batch
				return errors.New("too large")
			}
			return nil
		}
		var report pipeline.Report
		runner := pipeline.Runner{Rejects: rejects, Observers: []pipeline.Observer{pipeline.ObserverFunc(func(e pipeline.Event) {
			if f, ok := e.(pipeline.Finished); ok {
				report = f.Report
			}
		})}}
		if err := runner.Run(t.Context(), diamond(source, each(bad(3)), each(bad(5)), sink, workers)); err != nil {
			t.Fatal(err)
		}
		var want []int
		for n := range 96 {
			if n%3 != 0 && n%5 != 0 {
				want = append(want, 2*n)
			}
		}
		if !slices.Equal(sink.rows, want) {
			t.Errorf("stored %v, not %v", sink.rows, want)
		}
		reasons := map[string]pipeline.Reject{}
		for _, r := range rejects.all {
			reasons[r.Origin] = r
		}
		if got := len(rejects.all); got != 100-len(want) || got != len(reasons) {
			t.Errorf("%d rejects of %d rows, for %d bad rows", got, len(reasons), 100-len(want))
		}
		for origin, want := range map[string]pipeline.Reject{
			"count:3":  {ID: "n3", Step: "left", Reason: "a multiple of 3", Origin: "count:3"},
			"count:10": {ID: "n10", Step: "right", Reason: "a multiple of 5", Origin: "count:10"},
			"count:15": {ID: "n15", Step: "left", Reason: "a multiple of 3; right: a multiple of 5", Origin: "count:15"},
			"count:97": {ID: "n97", Step: "count", Reason: "too large", Origin: "count:97"},
		} {
			if reasons[origin] != want {
				t.Errorf("reject %+v, not %+v", reasons[origin], want)
			}
		}
		stored := report.Steps[len(report.Steps)-1].Rows
		if report.Read != 100 || report.Rejected+stored != report.Read {
			t.Errorf("%d read, %d rejected and %d stored do not add up", report.Read, report.Rejected, stored)
		}
		if got := source.committed.Load(); got != 25 {
			t.Errorf("%d batches committed of 25", got)
		}
		h.check(t)
	}
}

// later is a sink that stores when it is closed.
type later struct{ keep }

func (*later) Stored() int64 { return 0 }

func TestCommitWaitsForEverySink(t *testing.T) {
	var h heap
	source := &count{heap: &h, rows: 10, each: 1}
	a, b := pipeline.Tee(pipeline.From(source))
	sink := &later{}
	sink.fail = func(n numbers) error {
		if n.rows[0] == 9 {
			return errors.New("disk full")
		}
		return nil
	}
	if err := pipeline.Run(t.Context(), pipeline.Into(a, &keep{}), pipeline.Into(b, sink)); err == nil {
		t.Fatal("no error")
	}
	if len(source.commits) > 0 {
		t.Errorf("committed %v, but one sink stored nothing", source.commits)
	}

	source = &count{heap: &h, rows: 10, each: 1}
	a, b = pipeline.Tee(pipeline.From(source))
	if err := pipeline.Run(t.Context(), pipeline.Into(a, &keep{}), pipeline.Into(b, &later{})); err != nil {
		t.Fatal(err)
	}
	if got := source.committed.Load(); got != 10 {
		t.Errorf("%d batches of 10 committed in the end", got)
	}
	h.check(t)
}

// laterRejects is a rejects sink that stores when it is closed.
type laterRejects struct{ keepRejects }

func (*laterRejects) Stored() int64 { return 0 }

func TestCommitWaitsForRejects(t *testing.T) {
	var h heap
	source := &count{heap: &h, rows: 10, each: 1, bad: func(n int) error {
		if n == 4 {
			return errors.New("torn")
		}
		return nil
	}}
	sink := &keep{fail: func(n numbers) error {
		if n.rows[0] == 9 {
			return errors.New("disk full")
		}
		return nil
	}}
	if err := (pipeline.Runner{Rejects: &laterRejects{}}).Run(t.Context(), pipeline.Into(pipeline.From(source), sink)); err == nil {
		t.Fatal("no error")
	}
	if got := source.committed.Load(); got > 4 {
		t.Errorf("%d batches committed, though the reject of the fifth is not stored", got)
	}
	h.check(t)
}

func TestStopDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h heap
		source, sink := &count{heap: &h, rows: 7, each: 2, block: true}, &keep{}
		stop := make(chan struct{})
		ended := make(chan error)
		go func() {
			ended <- pipeline.Runner{Stop: stop}.Run(t.Context(), diamond(source, each(same), each(same), sink, 2))
		}()
		synctest.Wait()
		close(stop)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if len(sink.rows) != 7 || !sink.closed || source.committed.Load() != 4 {
			t.Errorf("%d rows of 7 stored, %d batches of 4 committed", len(sink.rows), source.committed.Load())
		}
		h.check(t)
	})
}

func TestCancelReturnsTheCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h heap
		cause := errors.New("second signal")
		ctx, cancel := context.WithCancelCause(t.Context())
		source := &count{heap: &h, rows: 7, each: 2, block: true}
		ended := make(chan error)
		go func() { ended <- pipeline.Run(ctx, diamond(source, each(same), each(same), &keep{}, 2)) }()
		synctest.Wait()
		cancel(cause)
		if err := <-ended; err != cause {
			t.Errorf("%v, not %v", err, cause)
		}
		h.check(t)
	})
}

// TestRandomEnds fails or cancels a pipeline with every kind of step at random points.
func TestRandomEnds(t *testing.T) {
	for seed := range uint64(1000) {
		var h heap
		random := rand.New(rand.NewPCG(seed, 0))
		ctx, cancel := context.WithCancel(t.Context())
		at := random.IntN(300)
		how := random.IntN(5)
		strike := func(here int) func(int) (int, error) {
			return func(n int) (int, error) {
				if n != at || how != here {
					return n, nil
				}
				switch random.IntN(3) {
				case 0:
					panic("struck")
				case 1:
					cancel()
					return n, nil
				}
				return 0, errors.New("struck")
			}
		}
		source := &count{heap: &h, rows: 200, each: 1 + random.IntN(5)}
		source.bad = func(n int) error {
			if n%13 == 0 {
				return errors.New("bad")
			}
			return nil
		}
		sink := &keep{fail: func(n numbers) error { _, err := strike(2)(n.rows[0]); return err }}
		a, b := pipeline.Tee(pipeline.From(source))
		a = pipeline.Through(a, each(strike(0)), pipeline.Workers(1+random.IntN(3)))
		b = pipeline.Through(b, each(strike(1)))
		windows := pipeline.Rebatch(pipeline.Zip(a, b, sum), pipeline.Window{Rows: 7})
		c, d := pipeline.Tee(windows)
		runner := pipeline.Runner{}
		if random.IntN(2) == 0 {
			runner.Rejects = &keepRejects{}
		}
		err := runner.Run(ctx, pipeline.Into(c, sink), pipeline.Into(pipeline.Through(d, each(strike(3))), &keep{}))
		cancel()
		if h.check(t); t.Failed() {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func TestOpenFailureClosesTheRest(t *testing.T) {
	var h heap
	source := &count{heap: &h, rows: 10, each: 1}
	stage := failOpen{each(same)}
	sink := &keep{}
	err := pipeline.Run(t.Context(), pipeline.Into(pipeline.Through(pipeline.From(source), stage), sink))
	if want := "fail open (run_test.go:"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, not %s…", err, want)
	}
	if source.opened || len(sink.rows) > 0 {
		t.Error("something ran")
	}
}

type failOpen struct {
	pipeline.Stage[numbers, numbers]
}

func (failOpen) Open(context.Context) error { return errors.New("no such model") }
