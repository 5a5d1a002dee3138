package sinks

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/pairstream/pairstream/pipeline"
)

// A JSONMessages encoder makes an object of each row, as [JSONL] does, and its id the key.
type JSONMessages struct {
	Base64 bool // embeddings are base64 of their float32, little-endian, in place of arrays of numbers
}

// Encode returns a message a row.
func (e JSONMessages) Encode(mem memory.Allocator, in arrow.Record, _ int) ([]Message, error) {
	if err := checkNames(in.Schema()); err != nil {
		return nil, err
	}
	ids, err := idsOf(in)
	if err != nil {
		return nil, err
	}
	columns := in.Columns()
	if e.Base64 {
		columns = make([]arrow.Array, len(columns))
		for i, c := range in.Columns() {
			columns[i] = asBytes(mem, c)
			defer columns[i].Release()
		}
	}
	appendRow := objectAppender(in.Schema().Fields(), columns)
	headers := headersOf(in)
	messages := make([]Message, in.NumRows())
	for i := range messages {
		value, err := appendRow(nil, i)
		if err != nil {
			return nil, pipeline.RowErrors{{Row: int64(i), Err: err}}
		}
		messages[i] = Message{Key: []byte(ids.Value(i)), Value: value, Headers: headers(i), Row: i}
	}
	return messages, nil
}

// asBytes returns fixed-size lists of floats as binary, which shares their memory, and other columns as they are.
func asBytes(mem memory.Allocator, column arrow.Array) arrow.Array {
	a, ok := column.(*array.FixedSizeList)
	if !ok || a.ListValues().DataType().ID() != arrow.FLOAT32 {
		column.Retain()
		return column
	}
	const size = arrow.Float32SizeBytes
	width := int(a.DataType().(*arrow.FixedSizeListType).Len())
	elements := a.ListValues().Data()
	from := elements.Offset() + a.Data().Offset()*width
	offsets := memory.NewResizableBuffer(mem)
	defer offsets.Release()
	offsets.Resize(arrow.Int32Traits.BytesRequired(a.Len() + 1))
	for i := range arrow.Int32Traits.CastFromBytes(offsets.Bytes()) {
		arrow.Int32Traits.CastFromBytes(offsets.Bytes())[i] = int32((from + i*width) * size)
	}
	var valid *memory.Buffer
	if a.NullN() > 0 {
		valid = memory.NewResizableBuffer(mem)
		defer valid.Release()
		valid.Resize(int(bitutil.BytesForBits(int64(a.Len()))))
		bitutil.CopyBitmap(a.NullBitmapBytes(), a.Data().Offset(), a.Len(), valid.Bytes(), 0)
	}
	data := array.NewData(arrow.BinaryTypes.Binary, a.Len(), []*memory.Buffer{valid, offsets, elements.Buffers()[1]}, nil, a.NullN(), 0)
	defer data.Release()
	return array.NewBinaryData(data)
}
