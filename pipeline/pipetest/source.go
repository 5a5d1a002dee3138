package pipetest

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
)

// TestSource tests a source of at least two rows that ends by itself. Each call of make must return a new one of the
// same rows.
func TestSource[T pipeline.Batch](t *testing.T, make func() pipeline.Source[T]) {
	var first []string
	t.Run("reads to the end", func(t *testing.T) {
		ctx := Context(t)
		s := make()
		open(t, ctx, s)
		first = readAll(t, ctx, s)
		if len(first) < 2 {
			t.Fatalf("%d rows: the kit needs two or more", len(first))
		}
		for range 2 {
			if _, err := s.Read(ctx); !errors.Is(err, io.EOF) {
				t.Errorf("Read after the end: %v, not io.EOF", err)
			}
		}
		closePart(t, s)
	})
	t.Run("reads the same again", func(t *testing.T) {
		ctx := Context(t)
		s := make()
		open(t, ctx, s)
		again := readAll(t, ctx, s)
		closePart(t, s)
		if len(again) != len(first) {
			t.Fatalf("%d rows, and %d the first time", len(again), len(first))
		}
		for i := range again {
			if again[i] != first[i] {
				t.Fatalf("row %d is %s, and was %s the first time", i, again[i], first[i])
			}
		}
	})
	t.Run("can be left halfway", func(t *testing.T) {
		ctx := Context(t)
		s := make()
		open(t, ctx, s)
		b, err := s.Read(ctx)
		if err != nil && !isBad(err) {
			t.Fatal(err)
		}
		b.Release()
		closePart(t, s)
	})
	t.Run("can be closed unread", func(t *testing.T) {
		s := make()
		open(t, Context(t), s)
		closePart(t, s)
	})
	t.Run("obeys its context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(Context(t))
		s := make()
		open(t, ctx, s)
		cancel()
		if _, err := s.Read(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Read under a context that is done: %v, not its error", err)
		}
		closePart(t, s)
	})
}

// readAll reads a source to its end and returns the labels of its rows.
func readAll[T pipeline.Batch](t *testing.T, ctx context.Context, s pipeline.Source[T]) []string {
	t.Helper()
	var labels []string
	for {
		b, err := s.Read(ctx)
		if errors.Is(err, io.EOF) {
			return labels
		}
		if err != nil && !isBad(err) {
			t.Fatalf("Read: %v", err)
		}
		if b.NumRows() == 0 {
			t.Errorf("a batch without rows: leave it out")
		}
		for i := range b.NumRows() {
			label := ""
			if l, ok := any(b).(pipeline.Labeler); ok {
				id, origin := l.Label(i)
				label = id + " from " + origin
			}
			labels = append(labels, label)
		}
		b.Release()
	}
}
