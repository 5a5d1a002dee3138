// Package pipetest checks that sources, stages and sinks keep the engine's contracts. One call tests a part of yours
// and explains the rule that it breaks:
//
//	func TestUpper(t *testing.T) {
//		pipetest.TestStage(t, Upper{}, func(ctx context.Context) batch.Tokens { … })
//	}
package pipetest

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"go.uber.org/goleak"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Context returns a context whose batches are counted, and overwritten once they are released. The test fails at its end
// where one was not released, and where a goroutine is left that was not there before. It does not suit tests that run in parallel with others.
func Context(t testing.TB) context.Context {
	t.Helper()
	before := goleak.IgnoreCurrent()
	mem := memory.NewCheckedAllocator(Spoiling(memory.DefaultAllocator))
	t.Cleanup(func() {
		mem.AssertSize(t, 0)
		goleak.VerifyNone(t, before)
	})
	return batch.WithAllocator(t.Context(), mem)
}

// open opens a part that wants to be.
func open(t *testing.T, ctx context.Context, part any) {
	t.Helper()
	if o, ok := part.(pipeline.Opener); ok {
		if err := o.Open(ctx); err != nil {
			t.Fatalf("open: %v", err)
		}
	}
}

// closePart closes a part that wants to be.
func closePart(t *testing.T, part any) {
	t.Helper()
	if c, ok := part.(io.Closer); ok {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

// isBad reports whether an error is only of rows.
func isBad(err error) bool {
	var rows pipeline.RowErrors
	return errors.As(err, &rows)
}

// same reports whether two batches hold the same, as far as Arrow can tell.
func same(a, b pipeline.Batch) bool {
	x, isRecord := a.(arrow.Record)
	y, _ := b.(arrow.Record)
	if !isRecord || y == nil {
		return a.NumRows() == b.NumRows()
	}
	return array.RecordEqual(x, y)
}

// copied returns a deep copy of a batch where it is an Arrow record, else the batch itself.
func copied[T pipeline.Batch](t *testing.T, ctx context.Context, in T) pipeline.Batch {
	t.Helper()
	record, ok := any(in).(arrow.Record)
	if !ok {
		in.Retain()
		return in
	}
	columns := make([]arrow.Array, record.NumCols())
	for i, c := range record.Columns() {
		deep, err := array.Concatenate([]arrow.Array{c}, batch.Allocator(ctx))
		if err != nil {
			t.Fatalf("copy column %d: %v", i, err)
		}
		defer deep.Release()
		columns[i] = deep
	}
	return array.NewRecord(record.Schema(), columns, record.NumRows())
}
