package sinks

import (
	"context"
	"sync/atomic"

	"github.com/pairstream/pairstream/pipeline"
)

// Discard counts rows and keeps none.
type Discard[T pipeline.Batch] struct{ rows atomic.Int64 }

// Write counts the rows of a batch.
func (s *Discard[T]) Write(_ context.Context, in T) error {
	s.rows.Add(in.NumRows())
	return nil
}

// Close does nothing.
func (s *Discard[T]) Close() error { return nil }

// NumRows returns the rows so far. It can be called while the pipeline runs.
func (s *Discard[T]) NumRows() int64 { return s.rows.Load() }
