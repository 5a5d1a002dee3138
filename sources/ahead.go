package sources

import (
	"context"
	"sync"

	"github.com/pairstream/pairstream/internal/store"
)

const (
	maxAhead      = 16       // rows whose files are read at the same time, as many as a bucket keeps connections
	maxAheadBytes = 64 << 20 // of them together; the next one may have more
)

// A task is a row whose files are yet to be read.
type task struct {
	row  pairRow
	read func(f *files, r *pairRow) // nil where there is nothing to read
}

// ahead reads the files of rows, which it gives in order. A bucket has several read at the same time, as each request
// takes its time on the way. Each row has a goroutine then, for which close waits. Files on disk are read by the caller, one
// after the other.
type ahead struct {
	next   func(ctx context.Context) (task, error) // called by the goroutine that calls row
	files  files                                   // of rows that are read one after the other
	cancel context.CancelFunc
	alone  bool  // even from a bucket
	failed error // of the bucket, behind the rows before
	limit  int64 // is maxAheadBytes

	queue   []*reading
	given   bool  // the first of queue, which the caller has
	end     error // of next, given behind the queue
	readers sync.WaitGroup

	mu      sync.Mutex
	first   *reading // may have more than all together
	bytes   int64    // of all
	changed chan struct{}
}

// A reading is a row that is being read.
type reading struct {
	task
	files files
	bytes int64
	done  chan struct{}
}

// newAhead returns what reads tasks from a folder until close, or until the context ends.
func newAhead(ctx context.Context, root store.Root, next func(context.Context) (task, error)) *ahead {
	a := &ahead{next: next, limit: maxAheadBytes, changed: make(chan struct{})}
	a.files.root = root
	a.files.ctx, a.cancel = context.WithCancel(ctx)
	return a
}

// row returns the next row, valid until the next call. A bucket's error that is not the row's is that of the call.
func (a *ahead) row(ctx context.Context) (pairRow, error) {
	if !a.aside() {
		t, err := a.next(ctx)
		if err != nil {
			return t.row, err
		}
		if t.read != nil {
			t.read(&a.files, &t.row)
		}
		a.failed = a.files.failed
		return t.row, a.failed
	}
	if a.given {
		a.drop()
	}
	for a.end == nil && len(a.queue) < maxAhead && a.room() {
		t, err := a.next(ctx)
		if err != nil && ctx.Err() != nil {
			return pairRow{}, err // it can be called again
		}
		if a.end = err; err == nil {
			a.begin(t)
		}
	}
	if len(a.queue) == 0 {
		return pairRow{}, a.end
	}
	r := a.queue[0]
	select {
	case <-r.done:
	case <-ctx.Done():
		return pairRow{}, ctx.Err()
	}
	a.given, a.failed = true, r.files.failed
	return r.row, a.failed
}

// aside reports whether rows are begun before the one before has been given: what they hold must then be their own.
func (a *ahead) aside() bool {
	root := a.files.root
	return !a.alone && root != nil && store.IsAddress(root.Name())
}

// room reports whether another row may be begun.
func (a *ahead) room() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.queue) == 0 || a.bytes < a.limit
}

// begin reads a row aside.
func (a *ahead) begin(t task) {
	r := &reading{task: t, bytes: int64(len(t.row.image)), done: make(chan struct{})}
	r.files = files{root: a.files.root, ctx: a.files.ctx, admit: func(size int64) error { return a.admit(r, size) }}
	a.queue = append(a.queue, r)
	a.mu.Lock()
	a.bytes += r.bytes
	a.mu.Unlock()
	if len(a.queue) == 1 {
		a.lead(r)
	}
	if r.read == nil {
		close(r.done)
		return
	}
	a.readers.Go(func() {
		defer close(r.done)
		r.read(&r.files, &r.row)
	})
}

// admit waits until so many bytes more may be held.
func (a *ahead) admit(r *reading, size int64) error {
	for {
		a.mu.Lock()
		ok, changed := r == a.first || a.bytes+size <= a.limit, a.changed
		if ok {
			a.bytes += size
			r.bytes += size
		}
		a.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-a.files.ctx.Done():
			return a.files.ctx.Err()
		}
	}
}

// drop lets go of the first row.
func (a *ahead) drop() {
	gone := a.queue[0]
	a.queue[0] = nil
	a.queue, a.given = a.queue[1:], false
	a.mu.Lock()
	a.bytes -= gone.bytes
	a.mu.Unlock()
	if len(a.queue) > 0 {
		a.lead(a.queue[0])
	}
}

// lead makes a row the first.
func (a *ahead) lead(r *reading) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.first = r
	close(a.changed)
	a.changed = make(chan struct{})
}

// close ends what is being read.
func (a *ahead) close() {
	a.cancel()
	a.readers.Wait()
}
