package sources

import (
	"context"
	"errors"
	"io"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// An Indexed source can be read in any order. Folder, List, Scenes and Slice can.
type Indexed interface {
	pipeline.Source[batch.Pairs]

	// Index opens the source in another way than Open. It is errors.ErrUnsupported where this one cannot be read so
	// after all, as a list on standard input.
	Index(ctx context.Context) (Index, error)
}

// An Index gives the rows of a source by their numbers, from 0 on in the order in which Read gives them. It is used by
// one goroutine.
type Index interface {
	Len() int64
	Rows(ctx context.Context, numbers []int64) (batch.Pairs, error) // in this order, with pipeline.RowErrors for bad ones
	Close() error
}

// index is the Index of the sources here.
type index struct {
	n         int64
	root      store.Root // of the files; nil where there are none
	row       func(i int64) (task, error)
	collector *collector
	close     func() error
}

func newIndex(n int64, limits Limits, further []string, root store.Root, row func(i int64) (task, error), close func() error) *index {
	return &index{n, root, row, collect(limits, further, nil), close}
}

func (x *index) Len() int64   { return x.n }
func (x *index) Close() error { return x.close() }

func (x *index) Rows(ctx context.Context, numbers []int64) (batch.Pairs, error) {
	b := batch.NewPairsBuilder(ctx, x.collector.further...)
	defer b.Release()
	rest := numbers
	rows := newAhead(ctx, x.root, func(context.Context) (task, error) {
		if len(rest) == 0 {
			return task{}, io.EOF
		}
		i := rest[0]
		rest = rest[1:]
		return x.row(i)
	})
	defer rows.close()
	for range numbers {
		if err := ctx.Err(); err != nil {
			return batch.Pairs{}, err
		}
		r, err := rows.row(ctx)
		if err != nil {
			return batch.Pairs{}, err
		}
		x.collector.push(b, &r)
	}
	return b.NewPairs()
}

// Count returns how many rows a source has that are not left out: by its index, or else by reading it once. only is
// that of Epochs.
func Count(ctx context.Context, source pipeline.Source[batch.Pairs], only func(row int64) bool) (n int64, err error) {
	total, err := count(ctx, source)
	if err != nil || only == nil {
		return total, err
	}
	for i := range total {
		if only(i) {
			n++
		}
	}
	return n, nil
}

func count(ctx context.Context, source pipeline.Source[batch.Pairs]) (int64, error) {
	x, err := indexOf(ctx, source)
	if err != nil {
		return 0, err
	}
	if x != nil {
		return x.Len(), x.Close()
	}
	rows, err := newStream(ctx, source)
	if err != nil {
		return 0, err
	}
	for n := int64(0); ; n++ {
		entry, err := rows.next(ctx)
		if err != nil {
			return n, errors.Join(rows.end(err), rows.close())
		}
		entry.pair.Release()
	}
}

// indexOf returns the index of a source, nil where it has none.
func indexOf(ctx context.Context, source pipeline.Source[batch.Pairs]) (Index, error) {
	indexed, ok := source.(Indexed)
	if !ok {
		return nil, nil
	}
	x, err := indexed.Index(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, nil
	}
	return x, err
}
