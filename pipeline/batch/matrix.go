package batch

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// A Number is what a matrix can hold.
type Number interface{ float32 | int32 }

// A Matrix is a fixed-size list column as plain numbers, row by row. Rows that are null hold zeros.
type Matrix[N Number] struct {
	Values []N // Rows×Width
	Rows   int
	Width  int
	column *array.FixedSizeList // nil while it is being built
}

// Row returns row i, which can be written while the matrix is being built.
func (m Matrix[N]) Row(i int) []N { return m.Values[i*m.Width : (i+1)*m.Width : (i+1)*m.Width] }

// IsNull reports whether row i of a column is null.
func (m Matrix[N]) IsNull(i int) bool { return m.column.IsNull(i) }

// NullRows returns how many rows of a column are null.
func (m Matrix[N]) NullRows() int { return m.column.NullN() }

// matrixOf returns a column's numbers. They are valid while the column is.
func matrixOf[N Number](column arrow.Array) Matrix[N] {
	list := column.(*array.FixedSizeList)
	width := int(list.DataType().(*arrow.FixedSizeListType).Len())
	elements := list.ListValues().Data()
	values := numbers[N](elements.Buffers()[1])
	from := elements.Offset() + list.Data().Offset()*width
	return Matrix[N]{Values: values[from : from+list.Len()*width], Rows: list.Len(), Width: width, column: list}
}

// numbers returns a buffer's bytes as numbers.
func numbers[N Number](b *memory.Buffer) []N {
	if b == nil || b.Len() == 0 {
		return nil
	}
	return unsafe.Slice((*N)(unsafe.Pointer(&b.Bytes()[0])), b.Len()/4)
}

// A MatrixBuilder makes a fixed-size list column. Its Matrix, all zeros at first, is for writing.
type MatrixBuilder[N Number] struct {
	Matrix[N]
	values *memory.Buffer
	valid  *memory.Buffer // nil while no row is null
	nulls  int
	mem    memory.Allocator
}

// NewMatrix begins a column of rows×width zeros.
func NewMatrix[N Number](mem memory.Allocator, rows, width int) *MatrixBuilder[N] {
	values := memory.NewResizableBuffer(mem)
	values.Resize(rows * width * 4)
	clear(values.Bytes())
	return &MatrixBuilder[N]{
		Matrix: Matrix[N]{Values: numbers[N](values), Rows: rows, Width: width},
		values: values, mem: mem,
	}
}

// SetNull makes row i null.
func (b *MatrixBuilder[N]) SetNull(i int) {
	if b.valid == nil {
		b.valid = memory.NewResizableBuffer(b.mem)
		b.valid.Resize(int(bitutil.BytesForBits(int64(b.Rows))))
		bitutil.SetBitsTo(b.valid.Bytes(), 0, int64(b.Rows), true)
	}
	if bitutil.BitIsSet(b.valid.Bytes(), i) {
		bitutil.ClearBit(b.valid.Bytes(), i)
		clear(b.Row(i))
		b.nulls++
	}
}

// Array gives away the finished column, and leaves nothing to release.
func (b *MatrixBuilder[N]) Array() arrow.Array {
	var element arrow.DataType = arrow.PrimitiveTypes.Float32
	if _, ok := any(b.Values).([]int32); ok {
		element = arrow.PrimitiveTypes.Int32
	}
	n := b.Rows * b.Width
	elements := array.NewData(element, n, []*memory.Buffer{nil, b.values}, nil, 0, 0)
	defer elements.Release()
	data := array.NewData(arrow.FixedSizeListOf(int32(b.Width), element), b.Rows, []*memory.Buffer{b.valid},
		[]arrow.ArrayData{elements}, b.nulls, 0)
	defer data.Release()
	b.Release()
	return array.NewFixedSizeListData(data)
}

// Release gives up a column that is not finished.
func (b *MatrixBuilder[N]) Release() {
	b.values.Release()
	if b.valid != nil {
		b.valid.Release()
	}
}
