package sinks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pairstream/pairstream/pipeline"
)

// JSONL writes each row of a batch as a line that is a JSON object, its columns in their order. The file appears when
// the sink is closed, and replaces what was there. Standard output, pipes and devices are written as the batches come.
//
// Lists are arrays, structs objects, null is null. Floats have the fewest decimals that give the same float back; JSON
// has no NaN and no infinity, so these are null too. Binary is base64. Text that is not UTF-8 is an error. Other types,
// such as dates, are as Arrow writes them.
type JSONL[T Table[T]] struct {
	Path string // "-" is standard output

	out    io.Writer
	aside  *aside // nil where out is written at once
	writes int64
	schema *arrow.Schema // of the last batch
	buffer []byte
}

// Open begins the file beside its place.
func (s *JSONL[T]) Open(ctx context.Context) error {
	if s.Path == "-" {
		s.out = os.Stdout
		return nil
	}
	info, err := os.Stat(s.Path) // there is none at an address in a bucket
	switch {
	case err == nil && !info.Mode().IsRegular():
		s.out, err = os.OpenFile(s.Path, os.O_WRONLY, 0)
		return err
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if s.aside, err = createAt(ctx, s.Path); err != nil {
		return err
	}
	s.out = s.aside
	return nil
}

// fullBuffer is how many bytes are gathered before they are written.
const fullBuffer = 256 << 10

// Write appends the rows of a batch.
func (s *JSONL[T]) Write(_ context.Context, in T) error {
	if s.schema != in.Schema() {
		if err := checkNames(in.Schema()); err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
		s.schema = in.Schema()
	}
	appendRow := objectAppender(in.Schema().Fields(), in.Columns())
	for i := range int(in.NumRows()) {
		var err error
		if s.buffer, err = appendRow(s.buffer, i); err != nil {
			return pipeline.RowErrors{{Row: int64(i), Err: fmt.Errorf("%s: %w", s.Path, err)}}
		}
		s.buffer = append(s.buffer, '\n')
		if len(s.buffer) >= fullBuffer {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	s.writes++
	return s.flush()
}

func (s *JSONL[T]) flush() error {
	_, err := s.out.Write(s.buffer)
	s.buffer = s.buffer[:0]
	return err
}

// Stored returns zero for a file: no row is durable before it is closed. What is written at once counts as stored.
func (s *JSONL[T]) Stored() int64 {
	if s.aside != nil {
		return 0
	}
	return s.writes
}

// Close completes the file and moves it to its place.
func (s *JSONL[T]) Close() error {
	if s.aside == nil {
		return s.Abort()
	}
	return s.aside.keep(s.aside.complete)
}

// Abort removes what was written, where that is possible.
func (s *JSONL[T]) Abort() error {
	if s.aside != nil {
		return s.aside.close()
	}
	if s.out == os.Stdout {
		return nil
	}
	return s.out.(io.Closer).Close()
}
