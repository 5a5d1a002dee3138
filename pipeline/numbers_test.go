package pipeline_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/pairstream/pairstream/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// numbers is a batch of ints that counts its references. -1 is null.
type numbers struct {
	rows []int
	refs *atomic.Int64
	heap *heap
}

// A heap knows how many batches are alive.
type heap struct{ alive atomic.Int64 }

func (h *heap) check(t testing.TB) {
	t.Helper()
	if n := h.alive.Load(); n != 0 {
		t.Errorf("%d batches were not released", n)
	}
}

func (h *heap) numbers(rows ...int) numbers {
	h.alive.Add(1)
	n := numbers{slices.Clone(rows), new(atomic.Int64), h}
	n.refs.Store(1)
	return n
}

func (n numbers) Retain() { n.refs.Add(1) }
func (n numbers) Release() {
	switch refs := n.refs.Add(-1); {
	case refs == 0:
		n.heap.alive.Add(-1)
	case refs < 0:
		panic("released too often")
	}
}
func (n numbers) NumRows() int64           { return int64(len(n.rows)) }
func (n numbers) Bytes() int64             { return 8 * n.NumRows() }
func (n numbers) Slice(i, j int64) numbers { return n.heap.numbers(n.rows[i:j]...) }
func (n numbers) Concat(_ context.Context, more []numbers) (numbers, error) {
	all := slices.Clone(n.rows)
	for _, m := range more {
		all = append(all, m.rows...)
	}
	return n.heap.numbers(all...), nil
}
func (n numbers) Drop(_ context.Context, rows []int64) (numbers, error) {
	kept := slices.Clone(n.rows)
	for _, row := range slices.Backward(rows) {
		kept = slices.Delete(kept, int(row), int(row)+1)
	}
	return n.heap.numbers(kept...), nil
}
func (n numbers) Label(row int64) (id, origin string) {
	return fmt.Sprint("n", n.rows[row]), fmt.Sprint("count:", n.rows[row])
}

// count is a source of 0 to rows-1, a few a batch, that keeps what was committed.
type count struct {
	heap         *heap
	rows, each   int
	next         int
	bad          func(n int) error
	fail         error // in place of the end
	block        bool  // in place of the end
	opened       bool
	closed       bool
	committed    atomic.Int64
	commits      []int64
	commitFailed error
}

func (c *count) Open(context.Context) error { c.opened = true; return nil }

func (c *count) Read(ctx context.Context) (numbers, error) {
	if err := ctx.Err(); err != nil {
		return numbers{}, err
	}
	if c.next >= c.rows {
		if c.block {
			<-ctx.Done()
			return numbers{}, ctx.Err()
		}
		if c.fail != nil {
			return numbers{}, c.fail
		}
		return numbers{}, io.EOF
	}
	var rows []int
	var bad pipeline.RowErrors
	for len(rows) < c.each && c.next < c.rows {
		if c.bad != nil {
			if err := c.bad(c.next); err != nil {
				bad = append(bad, pipeline.RowError{Row: int64(len(rows)), Err: err})
			}
		}
		rows = append(rows, c.next)
		c.next++
	}
	return c.heap.numbers(rows...), bad.OrNil()
}

func (c *count) Commit(_ context.Context, n int64) error {
	c.committed.Store(n)
	c.commits = append(c.commits, n)
	return c.commitFailed
}

func (c *count) Close() error { c.closed = true; return nil }

// keep is a sink that keeps the rows.
type keep struct {
	rows    []int
	batches [][]int
	fail    func(n numbers) error
	closed  bool
	aborted bool
}

func (k *keep) Write(_ context.Context, n numbers) error {
	if k.fail != nil {
		if err := k.fail(n); err != nil {
			return err
		}
	}
	k.rows = append(k.rows, n.rows...)
	k.batches = append(k.batches, slices.Clone(n.rows))
	return nil
}
func (k *keep) Close() error { k.closed = true; return nil }
func (k *keep) Abort() error { k.aborted = true; return nil }

// keepRejects is a rejects sink that keeps them.
type keepRejects struct{ all pipeline.Rejects }

func (k *keepRejects) Write(_ context.Context, r pipeline.Rejects) error {
	k.all = append(k.all, r...)
	return nil
}
func (k *keepRejects) Close() error { return nil }

// each is a stage that applies f to each number; an error makes the row bad.
func each(f func(n int) (int, error)) pipeline.StageFunc[numbers, numbers] {
	return func(_ context.Context, in numbers) (numbers, error) {
		out := make([]int, len(in.rows))
		var bad pipeline.RowErrors
		for i, n := range in.rows {
			var err error
			if out[i] = -1; n >= 0 {
				if out[i], err = f(n); err != nil {
					out[i] = -1
					bad = append(bad, pipeline.RowError{Row: int64(i), Err: err})
				}
			}
		}
		return in.heap.numbers(out...), bad.OrNil()
	}
}

func same(n int) (int, error) { return n, nil }

// sum joins two branches by adding.
func sum(_ context.Context, a, b numbers) (numbers, error) {
	out := make([]int, len(a.rows))
	for i := range out {
		if out[i] = a.rows[i] + b.rows[i]; a.rows[i] < 0 || b.rows[i] < 0 {
			out[i] = -1
		}
	}
	return a.heap.numbers(out...), nil
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
