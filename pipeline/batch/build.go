package batch

import (
	"context"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
)

// A PairsBuilder makes Pairs row by row. Release it in the end.
type PairsBuilder struct {
	record  *array.RecordBuilder
	id      *array.StringBuilder
	image   *array.BinaryBuilder
	caption *array.StringBuilder
	lane    *array.StringBuilder
	offset  *array.Int64Builder
	bytes   int
	bad     pipeline.RowErrors
}

// NewPairsBuilder begins Pairs with further columns, which follow Lane and Offset.
func NewPairsBuilder(ctx context.Context, further ...arrow.Field) *PairsBuilder {
	fields := []arrow.Field{
		{Name: ID, Type: arrow.BinaryTypes.String},
		{Name: Image, Type: arrow.BinaryTypes.Binary, Nullable: true},
		{Name: Caption, Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: Lane, Type: arrow.BinaryTypes.String},
		{Name: Offset, Type: arrow.PrimitiveTypes.Int64},
	}
	b := array.NewRecordBuilder(Allocator(ctx), arrow.NewSchema(append(fields, further...), nil))
	return &PairsBuilder{
		record: b,
		id:     b.Field(0).(*array.StringBuilder), image: b.Field(1).(*array.BinaryBuilder),
		caption: b.Field(2).(*array.StringBuilder),
		lane:    b.Field(3).(*array.StringBuilder), offset: b.Field(4).(*array.Int64Builder),
	}
}

// Append adds a row that its source had from a place in a lane. The caller appends to the further columns.
func (b *PairsBuilder) Append(lane string, offset int64, id string, image []byte, caption string) {
	b.begin(lane, offset, id)
	b.image.Append(image)
	b.caption.Append(caption)
	b.bytes += len(image) + len(caption)
}

// AppendBad adds a row whose picture or caption cannot be had, which err explains.
func (b *PairsBuilder) AppendBad(lane string, offset int64, id string, err error) {
	b.bad = append(b.bad, pipeline.RowError{Row: int64(b.id.Len()), Err: err})
	b.begin(lane, offset, id)
	b.image.AppendNull()
	b.caption.AppendNull()
}

func (b *PairsBuilder) begin(lane string, offset int64, id string) {
	b.id.Append(id)
	b.lane.Append(lane)
	b.offset.Append(offset)
	b.bytes += len(id) + len(lane)
}

// Further returns the builder of the i-th further column, to which one value a row must be appended.
func (b *PairsBuilder) Further(i int) array.Builder { return b.record.Field(5 + i) }

// Len returns the rows so far.
func (b *PairsBuilder) Len() int { return b.id.Len() }

// Bytes returns about how many bytes the rows so far hold.
func (b *PairsBuilder) Bytes() int { return b.bytes }

// NewPairs returns the rows so far, with RowErrors for the bad ones, and begins anew.
func (b *PairsBuilder) NewPairs() (Pairs, error) {
	bad := b.bad
	b.bad, b.bytes = nil, 0
	return wrap[Pairs](b.record.NewRecord()), bad.OrNil()
}

// Release frees the builder.
func (b *PairsBuilder) Release() { b.record.Release() }

// NewFloats makes a column of numbers.
func NewFloats(ctx context.Context, values []float32) arrow.Array {
	b := array.NewFloat32Builder(Allocator(ctx))
	defer b.Release()
	b.AppendValues(values, nil)
	return b.NewArray()
}
