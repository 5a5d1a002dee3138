package sinks

import (
	"context"

	"github.com/pairstream/pairstream/pipeline"
)

// Collect keeps batches in memory: for tests and small programs. Release it when they are no longer needed.
type Collect[T pipeline.Batch] struct {
	Batches []T // in the order they came
}

// Write keeps a reference to a batch.
func (s *Collect[T]) Write(_ context.Context, in T) error {
	in.Retain()
	s.Batches = append(s.Batches, in)
	return nil
}

// Close leaves the batches as they are.
func (s *Collect[T]) Close() error { return nil }

// NumRows returns the rows of all batches.
func (s *Collect[T]) NumRows() int64 {
	var n int64
	for _, b := range s.Batches {
		n += b.NumRows()
	}
	return n
}

// Release gives up the batches.
func (s *Collect[T]) Release() {
	for _, b := range s.Batches {
		b.Release()
	}
	s.Batches = nil
}
