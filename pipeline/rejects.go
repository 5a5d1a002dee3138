package pipeline

import (
	"context"
	"sync"
)

// A rejectWriter lets all steps write to the rejects sink, one at a time.
type rejectWriter struct {
	sink Sink[Rejects] // nil where a bad row is an error

	mu     sync.Mutex
	writes int64
	count  int64 // rows
	closed bool  // well
}

func (w *rejectWriter) write(ctx context.Context, rejects Rejects) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := guard(func() (struct{}, error) { return struct{}{}, w.sink.Write(ctx, rejects) }); err != nil {
		return err
	}
	w.writes++
	w.count += rejects.NumRows()
	return nil
}

// written returns how many writes there were.
func (w *rejectWriter) written() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.writes
}

// stored returns how many of the writes are durable.
func (w *rejectWriter) stored() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.sink.(Storer); ok && !w.closed {
		return s.Stored()
	}
	return w.writes
}

func (w *rejectWriter) rows() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

func (w *rejectWriter) close(failed bool) error {
	if w.sink == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if failed {
		return abort(w.sink)
	}
	err := w.sink.Close()
	w.closed = err == nil
	return err
}
