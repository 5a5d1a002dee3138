package pipetest

import (
	"context"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
)

// TestSink tests a sink. Each call of make returns a new one with nothing stored, and a function that counts the rows
// to be found where it stores, which is called after Close or Abort. in makes a batch of two rows or more and gives it
// away.
func TestSink[T pipeline.Windowed[T]](t *testing.T, make func(t *testing.T) (sink pipeline.Sink[T], stored func() int64), in func(context.Context) T) {
	run := func(name string, test func(t *testing.T, ctx context.Context, s pipeline.Sink[T], stored func() int64, b T)) {
		t.Run(name, func(t *testing.T) {
			ctx := Context(t)
			s, stored := make(t)
			open(t, ctx, s)
			b := in(ctx)
			defer b.Release()
			test(t, ctx, s, stored, b)
		})
	}
	run("stores what it is written", func(t *testing.T, ctx context.Context, s pipeline.Sink[T], stored func() int64, b T) {
		for n := range int64(3) {
			write(t, ctx, s, b)
			if later, ok := s.(pipeline.Storer); ok && later.Stored() > n+1 {
				t.Errorf("%d writes stored after %d", later.Stored(), n+1)
			}
		}
		closePart(t, s)
		if got, want := stored(), 3*b.NumRows(); got != want {
			t.Errorf("%d rows stored, not %d", got, want)
		}
	})
	run("stores slices", func(t *testing.T, ctx context.Context, s pipeline.Sink[T], stored func() int64, b T) {
		part := b.Slice(1, b.NumRows())
		write(t, ctx, s, part)
		part.Release()
		closePart(t, s)
		if got, want := stored(), b.NumRows()-1; got != want {
			t.Errorf("%d rows stored of a slice of %d", got, want)
		}
	})
	run("can be closed unwritten", func(t *testing.T, ctx context.Context, s pipeline.Sink[T], stored func() int64, b T) {
		closePart(t, s)
		if got := stored(); got != 0 {
			t.Errorf("%d rows stored", got)
		}
	})
	run("leaves nothing when aborted", func(t *testing.T, ctx context.Context, s pipeline.Sink[T], stored func() int64, b T) {
		a, ok := s.(pipeline.Aborter)
		if !ok {
			closePart(t, s)
			t.Skip("it has no Abort")
		}
		write(t, ctx, s, b)
		if err := a.Abort(); err != nil {
			t.Errorf("abort: %v", err)
		}
		if got := stored(); got != 0 {
			t.Errorf("%d rows stored", got)
		}
	})
}

func write[T pipeline.Batch](t *testing.T, ctx context.Context, s pipeline.Sink[T], b T) {
	t.Helper()
	if err := s.Write(ctx, b); err != nil {
		t.Fatalf("Write: %v", err)
	}
}
