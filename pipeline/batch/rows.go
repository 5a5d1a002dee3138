package batch

import (
	"context"
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// Rows is what all sorts of batches share: an Arrow record that can be sliced, concatenated, thinned out and counted
// for the pipeline. T is the sort of batch that embeds it.
type Rows[T any] struct{ arrow.Record }

func (r *Rows[T]) set(record arrow.Record) { r.Record = record }

// wrap makes a T, a struct that embeds Rows[T], of a record.
func wrap[T any](r arrow.Record) T {
	for _, c := range r.Columns() {
		countNulls(c)
	}
	var t T
	any(&t).(interface{ set(arrow.Record) }).set(r)
	return t
}

// countNulls lets an array count its nulls. Arrow puts that off in slices until somebody asks, and then writes it down,
// which two branches that share a batch must not do at the same time.
func countNulls(a arrow.Array) {
	a.NullN()
	switch a := a.(type) {
	case *array.Struct:
		for i := range a.NumField() {
			countNulls(a.Field(i))
		}
	case array.ListLike:
		countNulls(a.ListValues())
	}
}

// Slice returns rows i to j-1, without copying them.
func (r Rows[T]) Slice(i, j int64) T { return wrap[T](r.NewSlice(i, j)) }

// Concat returns the rows followed by those of more, copied. All must have the same columns.
func (r Rows[T]) Concat(ctx context.Context, more []T) (T, error) {
	records := []arrow.Record{r.Record}
	for _, b := range more {
		next := any(b).(arrow.Record)
		if have, want := next.Schema().Fields(), r.Schema().Fields(); !sameFields(have, want) {
			var none T
			return none, fmt.Errorf("concatenate %T: columns %v after %v", none, have, want)
		}
		records = append(records, next)
	}
	return concat[T](ctx, records)
}

// Drop returns the rows but the given ones, which ascend.
func (r Rows[T]) Drop(ctx context.Context, rows []int64) (T, error) {
	var kept []arrow.Record
	from := int64(0)
	for _, row := range append(rows[:len(rows):len(rows)], r.NumRows()) {
		if row > from || row == r.NumRows() && len(kept) == 0 {
			part := r.NewSlice(from, row)
			defer part.Release()
			kept = append(kept, part)
		}
		from = row + 1
	}
	return concat[T](ctx, kept)
}

// concat makes one batch of one or more records of the same columns.
func concat[T any](ctx context.Context, records []arrow.Record) (T, error) {
	if len(records) == 1 {
		records[0].Retain()
		return wrap[T](records[0]), nil
	}
	var rows int64
	for _, r := range records {
		rows += r.NumRows()
	}
	columns := make([]arrow.Array, records[0].NumCols())
	defer func() {
		for _, c := range columns {
			if c != nil {
				c.Release()
			}
		}
	}()
	parts := make([]arrow.Array, len(records))
	for i := range columns {
		for j, r := range records {
			parts[j] = r.Column(i)
		}
		var err error
		if columns[i], err = array.Concatenate(parts, Allocator(ctx)); err != nil {
			var none T
			return none, fmt.Errorf("concatenate column %q: %w", records[0].ColumnName(i), err)
		}
	}
	return wrap[T](array.NewRecord(records[0].Schema(), columns, rows)), nil
}

func sameFields(a, b []arrow.Field) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || !arrow.TypeEqual(a[i].Type, b[i].Type) {
			return false
		}
	}
	return true
}

// Label returns row i's id, and where its source had it from. Both may be kept.
func (r Rows[T]) Label(i int64) (id, origin string) {
	if a, ok := r.column(ID).(*array.String); ok {
		id = strings.Clone(a.Value(int(i)))
	}
	lane, hasLane := r.column(Lane).(*array.String)
	offset, hasOffset := r.column(Offset).(*array.Int64)
	if hasLane && hasOffset {
		origin = fmt.Sprintf("%s:%d", lane.Value(int(i)), offset.Value(int(i)))
	}
	return id, origin
}

// column returns the first column of a name, or nil.
func (r Rows[T]) column(name string) arrow.Array {
	if indices := r.Schema().FieldIndices(name); len(indices) > 0 {
		return r.Column(indices[0])
	}
	return nil
}

// Bytes returns the bytes that the rows' values take.
func (r Rows[T]) Bytes() int64 {
	var n int64
	for _, c := range r.Columns() {
		n += size(c)
	}
	return n
}

// size returns the bytes of an array's values, without those that its buffers hold for other slices.
func size(a arrow.Array) int64 {
	n := int64(a.Len())
	switch a := a.(type) {
	case *array.Binary:
		return 4*n + int64(len(a.ValueBytes()))
	case *array.String:
		return 4*n + int64(a.ValueOffset(int(n))-a.ValueOffset(0))
	case *array.FixedSizeList:
		width := int64(a.DataType().(*arrow.FixedSizeListType).Len())
		if e, ok := a.ListValues().DataType().(arrow.FixedWidthDataType); ok {
			return n * width * int64(e.BitWidth()) / 8
		}
	case *array.Struct:
		var fields int64
		for i := range a.NumField() {
			fields += size(a.Field(i))
		}
		return fields
	case array.ListLike:
		if n == 0 {
			return 0
		}
		from, _ := a.ValueOffsets(0)
		_, to := a.ValueOffsets(int(n) - 1)
		values := array.NewSlice(a.ListValues(), from, to)
		defer values.Release()
		return 4*n + size(values)
	}
	if t, ok := a.DataType().(arrow.FixedWidthDataType); ok {
		return n * int64(t.BitWidth()) / 8
	}
	return int64(a.Data().SizeInBytes())
}
