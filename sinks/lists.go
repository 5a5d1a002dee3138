package sinks

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// A layout is how fixed-size lists of float32 are stored: as list<float32>, or, for speed or size, as the numbers' bytes,
// little-endian, in fixed_size_binary; as float32 or rounded to float16.
type layout struct{ half, fixed bool }

// of returns the type that a fixed-size list is stored as.
func (l layout) of(list *arrow.FixedSizeListType) arrow.DataType {
	number := list.Elem()
	if number.ID() != arrow.FLOAT32 {
		return arrow.ListOf(number)
	}
	if l.half {
		number = arrow.FixedWidthTypes.Float16
	}
	if l.fixed {
		return &arrow.FixedSizeBinaryType{ByteWidth: int(list.Len()) * number.(arrow.FixedWidthDataType).Bytes()}
	}
	return arrow.ListOf(number) // with nullable elements, as every reader expects
}

// listSchema returns a schema with lists in place of fixed-size lists, and the notes for metadata.
//
// The Parquet writer of arrow/go 17 corrupts fixed-size lists: in slices it writes the wrong rows, in columns that are
// not nullable it writes nulls. Lists it writes well.
func listSchema(schema *arrow.Schema, l layout) (*arrow.Schema, error) {
	fields := schema.Fields()
	for i, f := range fields {
		if list, ok := f.Type.(*arrow.FixedSizeListType); ok {
			f.Type = l.of(list)
		}
		if holdsFixedSizeList(f.Type) {
			return nil, fmt.Errorf("column %q: cannot write %v: a fixed-size list within another type", f.Name, f.Type)
		}
		fields[i] = f
	}
	metadata := notes(schema)
	return arrow.NewSchema(fields, &metadata), nil
}

// notes returns the metadata that the steps of a pipeline left in a schema, without what it may have from a file: a
// description of other columns for pandas, say.
func notes(schema *arrow.Schema) arrow.Metadata {
	own := map[string]string{}
	for key, value := range schema.Metadata().ToMap() {
		if strings.HasPrefix(key, "pairstream.") {
			own[key] = value
		}
	}
	return arrow.MetadataFrom(own)
}

func holdsFixedSizeList(t arrow.DataType) bool {
	if t.ID() == arrow.FIXED_SIZE_LIST {
		return true
	}
	if nested, ok := t.(arrow.NestedType); ok {
		for _, f := range nested.Fields() {
			if holdsFixedSizeList(f.Type) {
				return true
			}
		}
	}
	return false
}

// asLists returns a record as it is under its listSchema.
func asLists(mem memory.Allocator, r arrow.Record, schema *arrow.Schema) (arrow.Record, error) {
	columns := make([]arrow.Array, r.NumCols())
	defer func() {
		for _, c := range columns {
			if c != nil {
				c.Release()
			}
		}
	}()
	for i, c := range r.Columns() {
		fixed, ok := c.(*array.FixedSizeList)
		if !ok {
			c.Retain()
			columns[i] = c
			continue
		}
		var err error
		if columns[i], err = asStored(mem, fixed, schema.Field(i).Type); err != nil {
			return nil, fmt.Errorf("column %q: %w", schema.Field(i).Name, err)
		}
	}
	return array.NewRecord(schema, columns, r.NumRows()), nil
}

// asStored returns fixed-size lists as they are under their layout.
func asStored(mem memory.Allocator, a *array.FixedSizeList, as arrow.DataType) (arrow.Array, error) {
	list, isList := as.(*arrow.ListType)
	if isList && arrow.TypeEqual(list.Elem(), a.ListValues().DataType()) {
		return asList(mem, a, as)
	}
	from, width := a.Data().Offset(), int(a.DataType().(*arrow.FixedSizeListType).Len())
	values := a.ListValues().(*array.Float32).Float32Values()[from*width : (from+a.Len())*width]
	bytes := arrow.Float32Traits.CastToBytes(values)
	half := isList
	if binary, ok := as.(*arrow.FixedSizeBinaryType); ok {
		half = binary.ByteWidth == 2*width
	}
	if half {
		bytes = appendHalf(make([]byte, 0, 2*len(values)), values)
	}
	if !isList {
		return fixedBinary(mem, a, as, bytes), nil
	}
	numbers := array.NewData(list.Elem(), len(values), []*memory.Buffer{nil, memory.NewBufferBytes(bytes)}, nil, 0, 0)
	defer numbers.Release()
	valid := validity(mem, a)
	if valid != nil {
		defer valid.Release()
	}
	halves := array.NewData(arrow.FixedSizeListOf(int32(width), list.Elem()), a.Len(), []*memory.Buffer{valid}, []arrow.ArrayData{numbers}, a.NullN(), 0)
	defer halves.Release()
	fixed := array.NewFixedSizeListData(halves)
	defer fixed.Release()
	return asList(mem, fixed, as)
}

// fixedBinary returns the bytes of a's rows as an array.
func fixedBinary(mem memory.Allocator, a *array.FixedSizeList, as arrow.DataType, bytes []byte) arrow.Array {
	valid := validity(mem, a)
	if valid != nil {
		defer valid.Release()
	}
	data := array.NewData(as, a.Len(), []*memory.Buffer{valid, memory.NewBufferBytes(bytes)}, nil, a.NullN(), 0)
	defer data.Release()
	return array.NewFixedSizeBinaryData(data)
}

// validity returns a bitmap of a's rows from bit 0 on, nil where none is null.
func validity(mem memory.Allocator, a arrow.Array) *memory.Buffer {
	if a.NullN() == 0 {
		return nil
	}
	valid := memory.NewResizableBuffer(mem)
	valid.Resize(int(bitutil.BytesForBits(int64(a.Len()))))
	bitutil.CopyBitmap(a.NullBitmapBytes(), a.Data().Offset(), a.Len(), valid.Bytes(), 0)
	return valid
}

// asList returns fixed-size lists as lists. The elements are shared where no row is null, else copied, because a null
// row still has elements in a fixed-size list and must have none in a list.
func asList(mem memory.Allocator, a *array.FixedSizeList, list arrow.DataType) (arrow.Array, error) {
	offsets := memory.NewResizableBuffer(mem)
	defer offsets.Release()
	offsets.Resize(arrow.Int32Traits.BytesRequired(a.Len() + 1))
	ends := arrow.Int32Traits.CastFromBytes(offsets.Bytes())
	ends[0] = 0
	width := a.DataType().(*arrow.FixedSizeListType).Len()
	for i := range a.Len() {
		ends[i+1] = ends[i]
		if a.IsValid(i) {
			ends[i+1] += width
		}
	}
	elements, err := validElements(mem, a)
	if err != nil {
		return nil, err
	}
	defer elements.Release()
	valid := validity(mem, a)
	if valid != nil {
		defer valid.Release()
	}
	data := array.NewData(list, a.Len(), []*memory.Buffer{valid, offsets}, []arrow.ArrayData{elements.Data()}, a.NullN(), 0)
	defer data.Release()
	return array.NewListData(data), nil
}

// validElements returns the elements of the rows that are not null.
func validElements(mem memory.Allocator, a *array.FixedSizeList) (arrow.Array, error) {
	var runs []arrow.Array // of rows, in their order
	defer func() {
		for _, run := range runs {
			run.Release()
		}
	}()
	for i := 0; i < a.Len(); {
		if a.IsNull(i) {
			i++
			continue
		}
		from, to := a.ValueOffsets(i)
		for i++; i < a.Len() && a.IsValid(i); i++ {
			_, to = a.ValueOffsets(i)
		}
		runs = append(runs, array.NewSlice(a.ListValues(), from, to))
	}
	switch len(runs) {
	case 0:
		return array.NewSlice(a.ListValues(), 0, 0), nil
	case 1:
		runs[0].Retain()
		return runs[0], nil
	}
	return array.Concatenate(runs, mem)
}
