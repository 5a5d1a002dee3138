// Package pipeline moves batches of rows from sources through typed stages into sinks.
//
// A pipeline is drawn first and run afterwards:
//
//	pairs := pipeline.From(source)
//	left, right := pipeline.Tee(pairs)
//	pixels := pipeline.Through(left, preprocess, pipeline.Workers(4))
//	tokens := pipeline.Through(right, tokenize)
//	err := pipeline.Run(ctx, pipeline.Into(pipeline.Zip(pixels, tokens, join), sink))
//
// The verbs ([From], [Through], [Tee], [Zip], [Rebatch], [Into]) only draw: they start nothing and open nothing.
// [Run] checks the drawing, opens every part, and then starts one goroutine or more for each step, joined by bounded
// channels. Batches keep their order. Memory does not grow with the input: a slow step holds up those before it.
//
// The engine does not know what is in a batch. Anything that can be counted, retained and released will do; every
// Arrow record is such a batch.
package pipeline

import (
	"context"
	"io"
)

// A Batch is a number of rows with a reference count. Retain adds a reference, Release gives one back; whoever
// releases the last frees the memory.
//
// One rule says who owns what: a part borrows the batch it is handed and gives away the batch it returns. The
// borrower must not release it, and must Retain it to keep it beyond the call. Batches are shared between branches
// and never modified.
type Batch interface {
	Retain()
	Release()
	NumRows() int64
}

// A Source is where batches come from. Read returns the next one, and io.EOF, alone, after the last. It is called by
// one goroutine, and returns early with the context's error once that is done. A batch some of whose rows are bad
// comes with [RowErrors] beside it.
type Source[T Batch] interface {
	Read(ctx context.Context) (T, error)
	io.Closer
}

// A Stage makes one batch of another. With [Workers] above one, Process is called by several goroutines at once.
//
// Where only some rows are bad, Process returns a batch of as many rows as it was given, those being null, and
// [RowErrors] beside it. A row that comes in as null is given out as null, without a word.
type Stage[In, Out Batch] interface {
	Process(ctx context.Context, in In) (Out, error)
}

// A Sink is where batches end. Write is called by one goroutine. Where only some rows cannot be written, it writes the
// others and returns [RowErrors]. Close completes what was written; nothing is written after it.
type Sink[T Batch] interface {
	Write(ctx context.Context, in T) error
	io.Closer
}

// StageFunc makes a stage of a function.
type StageFunc[In, Out Batch] func(ctx context.Context, in In) (Out, error)

// Process calls f.
func (f StageFunc[In, Out]) Process(ctx context.Context, in In) (Out, error) { return f(ctx, in) }

// What a part may offer beyond its one or two methods. The engine looks for each by itself.
type (
	// An Opener is opened before anything flows. Where any part fails to open, those already open are closed and
	// nothing runs. A stage that is also an io.Closer is closed at the end.
	Opener interface {
		Open(ctx context.Context) error
	}

	// A Committer is a source that wants to know how far its batches have come: Commit says that every sink has
	// durably stored all that the first n batches became. n never falls. Commit may be called while Read is, but never
	// twice at once.
	Committer interface {
		Commit(ctx context.Context, n int64) error
	}

	// A Lagger is a source that grows while it is read, and knows by lane how many rows or messages have not been read.
	// Lag may be called at any time until the source is closed.
	Lagger interface {
		Lag() map[string]int64
	}

	// A Storer is a sink whose Write returns before the batch is durable. Stored tells how many of the writes, from the
	// first on, are. It is not called while Write is. After Close, all are.
	Storer interface {
		Stored() int64
	}

	// An Aborter is a sink that publishes when it is closed. After a failure Abort is called in place of Close, and
	// must leave no half of a result behind.
	Aborter interface {
		Abort() error
	}
)

// What a batch may offer beyond its rows.
type (
	// Windowed batches can be regrouped by [Rebatch]. Slice returns a new reference to rows i to j-1. Concat returns
	// the rows of the batch followed by those of more, all of which it borrows.
	Windowed[T any] interface {
		Batch
		Slice(i, j int64) T
		Concat(ctx context.Context, more []T) (T, error)
	}

	// A Dropper can leave rows out: Drop returns the batch without the given rows, which ascend. Batches that bad rows
	// are to be removed from need it.
	Dropper[T any] interface {
		Drop(ctx context.Context, rows []int64) (T, error)
	}

	// A Labeler can name a row: by its id, and by where it came from ("captions.tsv:17", "pairs/3@4096"). Either may be
	// empty.
	Labeler interface {
		Label(row int64) (id, origin string)
	}

	// A Sized batch knows the bytes of its buffers.
	Sized interface {
		Bytes() int64
	}
)
