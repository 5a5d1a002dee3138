package sources

import (
	"context"
	"errors"
	"io"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// A stream reads a source row by row.
type stream struct {
	source  pipeline.Source[batch.Pairs]
	current batch.Pairs
	bad     map[int64]error // rows of current
	row     int64           // of current; none is open where it has no more
	open    bool
}

// A streamed row is a pair alone. Where err is not nil it is bad.
type streamed struct {
	pair batch.Pairs
	err  error
}

// newStream opens a source.
func newStream(ctx context.Context, source pipeline.Source[batch.Pairs]) (*stream, error) {
	if o, ok := source.(pipeline.Opener); ok {
		if err := o.Open(ctx); err != nil {
			return nil, err
		}
	}
	return &stream{source: source}, nil
}

// next returns the next row, and io.EOF after the last.
func (s *stream) next(ctx context.Context) (streamed, error) {
	for !s.open || s.row == s.current.NumRows() {
		s.drop()
		b, err := s.source.Read(ctx)
		var bad pipeline.RowErrors
		if err != nil && !errors.As(err, &bad) {
			return streamed{}, err
		}
		s.current, s.open, s.row, s.bad = b, true, 0, map[int64]error{}
		for _, r := range bad {
			s.bad[r.Row] = r.Err
		}
	}
	i := s.row
	s.row++
	return streamed{s.current.Slice(i, i+1), s.bad[i]}, nil
}

func (s *stream) drop() {
	if s.open {
		s.current.Release()
		s.open = false
	}
}

// end is what an error of next means: nothing, at the end.
func (s *stream) end(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

func (s *stream) close() error {
	s.drop()
	return s.source.Close()
}
