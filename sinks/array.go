package sinks

import (
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
)

// Array writes a column of fixed-size lists of float32 to one .npy array, which appears when the sink is closed and
// replaces what was there. Without a single batch there is none.
type Array[T Table[T]] struct {
	Path   string
	Column string
	Shape  []int // of a row: {3, 224, 224} for pixels, N×3×224×224 in the file; nil is {the length of the lists}

	file *npyFile
}

// Open begins the file beside its place.
func (s *Array[T]) Open(ctx context.Context) error {
	a, err := createAt(ctx, s.Path)
	if err == nil {
		s.file, err = newNpy(a, false)
	}
	return err
}

// Write appends the column's rows. All batches must have lists of the same length, and no row may be null.
func (s *Array[T]) Write(_ context.Context, in T) error {
	columns := in.Schema().FieldIndices(s.Column)
	if len(columns) == 0 {
		return fmt.Errorf("%s: no column %q", s.Path, s.Column)
	}
	lists, ok := in.Column(columns[0]).(*array.FixedSizeList)
	if !ok || lists.ListValues().DataType().ID() != arrow.FLOAT32 {
		return fmt.Errorf("%s: column %q is %v, not fixed-size lists of float32", s.Path, s.Column, in.Column(columns[0]).DataType())
	}
	width := int(lists.DataType().(*arrow.FixedSizeListType).Len())
	if err := s.admit(width); err != nil {
		return err
	}
	for i := range lists.Len() {
		if lists.IsNull(i) {
			return pipeline.RowErrors{{Row: int64(i), Err: fmt.Errorf("%s: %s is null", s.Path, s.Column)}}
		}
	}
	from, _ := lists.ValueOffsets(0)
	values := lists.ListValues().(*array.Float32).Float32Values()[from:]
	return s.file.write(lists.Len(), values[:lists.Len()*width])
}

// admit checks that a row of so many numbers has the shape of the array.
func (s *Array[T]) admit(width int) error {
	if s.file.shape == nil {
		s.file.shape = slices.Clone(s.Shape)
		if s.Shape == nil {
			s.file.shape = []int{width}
		}
	}
	size := 1
	for _, n := range s.file.shape {
		size *= n
	}
	if size != width {
		return fmt.Errorf("%s: rows of %d numbers do not have the shape %v", s.Path, width, s.file.shape)
	}
	return nil
}

// Stored returns zero: no row is durable before the file is closed.
func (s *Array[T]) Stored() int64 { return 0 }

// Close completes the file and moves it to its place.
func (s *Array[T]) Close() error {
	if s.file.shape == nil {
		return s.Abort()
	}
	return s.file.keep(s.file.complete)
}

// Abort removes what was written.
func (s *Array[T]) Abort() error { return s.file.close() }
