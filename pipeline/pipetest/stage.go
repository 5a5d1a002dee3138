package pipetest

import (
	"context"
	"sync"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
)

// TestStage tests a stage on a batch, which in makes anew for each test and gives away.
func TestStage[In, Out pipeline.Batch](t *testing.T, stage pipeline.Stage[In, Out], in func(context.Context) In) {
	run := func(name string, test func(t *testing.T, ctx context.Context, b In)) {
		t.Run(name, func(t *testing.T) {
			ctx := Context(t)
			open(t, ctx, stage)
			defer closePart(t, stage)
			b := in(ctx)
			defer b.Release()
			test(t, ctx, b)
		})
	}
	run("gives its output away and its input back", func(t *testing.T, ctx context.Context, b In) {
		process(t, ctx, stage, b).Release()
	})
	run("leaves its input alone", func(t *testing.T, ctx context.Context, b In) {
		before := copied(t, ctx, b)
		defer before.Release()
		process(t, ctx, stage, b).Release()
		if !same(before, b) {
			t.Error("the input was changed")
		}
	})
	run("does not need its input afterwards", func(t *testing.T, ctx context.Context, b In) {
		other := in(ctx)
		out := process(t, ctx, stage, other)
		defer out.Release()
		other.Release()
		want := process(t, ctx, stage, b)
		defer want.Release()
		if !same(out, want) {
			t.Error("the output changed when the input was released, or differs from one call to the next")
		}
	})
	run("works side by side", func(t *testing.T, ctx context.Context, b In) {
		want := process(t, ctx, stage, b)
		defer want.Release()
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				out, err := stage.Process(ctx, b)
				if err != nil && !isBad(err) {
					t.Errorf("Process: %v", err)
					return
				}
				defer out.Release()
				if !same(out, want) {
					t.Error("the output differs among goroutines")
				}
			})
		}
		workers.Wait()
	})
	run("lets go when cancelled", func(t *testing.T, ctx context.Context, b In) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if out, err := stage.Process(ctx, b); err == nil || isBad(err) {
			out.Release()
		}
	})
}

// TestRowStage tests a stage that makes each row of its output of the same row of its input, and of no other.
func TestRowStage[In pipeline.Windowed[In], Out pipeline.Windowed[Out]](t *testing.T, stage pipeline.Stage[In, Out], in func(context.Context) In) {
	TestStage(t, stage, in)
	t.Run("works row by row", func(t *testing.T) {
		ctx := Context(t)
		open(t, ctx, stage)
		defer closePart(t, stage)
		b := in(ctx)
		defer b.Release()
		all := process(t, ctx, stage, b)
		defer all.Release()
		n := b.NumRows()
		if all.NumRows() != n {
			t.Fatalf("%d rows made of %d", all.NumRows(), n)
		}
		for i := range n {
			for _, rows := range [][2]int64{{i, i + 1}, {i, n}} {
				part := b.Slice(rows[0], rows[1])
				got := process(t, ctx, stage, part)
				want := all.Slice(rows[0], rows[1])
				if !same(got, want) {
					t.Errorf("rows %d to %d alone give another result", rows[0], rows[1]-1)
				}
				part.Release()
				got.Release()
				want.Release()
			}
		}
	})
}

func process[In, Out pipeline.Batch](t *testing.T, ctx context.Context, stage pipeline.Stage[In, Out], in In) Out {
	t.Helper()
	out, err := stage.Process(ctx, in)
	if err != nil && !isBad(err) {
		t.Fatalf("Process: %v", err)
	}
	return out
}
