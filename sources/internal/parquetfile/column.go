package parquetfile

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// A Column reads a leaf of the schema: the chunk of one row group after another, each from its start. The zero value
// is closed.
type Column struct {
	pages  pages
	reader file.ColumnChunkReader

	// The last value that was read of a column of bytes, valid until the next. It is there where its definition is the
	// deepest; a repetition of 0 begins a row.
	value                  [1]parquet.ByteArray
	definition, repetition [1]int16
	ahead                  bool // it belongs to the next row
}

// Open goes on to a row group of a file. A leaf below zero closes the column. The inflater may be that of other columns
// of the same goroutine.
func (c *Column) Open(f *File, leaf, group int, inflate *Inflater) error {
	if c.reader = nil; leaf < 0 {
		return nil
	}
	column := f.meta.Schema.Column(leaf)
	if c.pages.required = column.MaxDefinitionLevel() == 0; c.pages.required {
		column = schema.NewColumn(column.SchemaNode().(*schema.PrimitiveNode), 1, 0)
	}
	c.pages.inflate, c.pages.column = inflate, column
	chunk, err := f.meta.RowGroup(group).ColumnChunk(leaf)
	if err != nil {
		return c.error(err)
	}
	if rows := f.first[group+1] - f.first[group]; column.MaxRepetitionLevel() == 0 && chunk.NumValues() != rows {
		return c.error(fmt.Errorf("%d values in %d rows", chunk.NumValues(), rows))
	}
	if err := c.pages.reset(f, chunk); err != nil {
		return c.error(err)
	}
	c.reader = file.NewColumnReader(column, &c.pages, memory.DefaultAllocator, &sync.Pool{})
	c.ahead = false
	return nil
}

// error makes an error of this column.
func (c *Column) error(err error) error {
	return fmt.Errorf("column %q: %w", c.pages.column.Path(), err)
}

// End returns an error unless the row group has been read to its end. What was read last stays valid.
func (c *Column) End() error {
	switch {
	case c.reader == nil:
		return nil
	case c.ahead || c.reader.HasNext():
		return c.error(errors.New("more values than rows"))
	case c.reader.Err() != nil:
		return c.error(c.reader.Err())
	}
	return nil
}

// step reads the next value of a column of bytes: one at a time, because its bytes are the page's.
func (c *Column) step() error {
	r, ok := c.reader.(*file.ByteArrayColumnChunkReader)
	if !ok {
		return fmt.Errorf("%v in place of bytes", c.reader.Type())
	}
	levels, values, err := r.ReadBatch(1, c.value[:], c.definition[:], c.repetition[:])
	return c.checkRead(1, levels, values, c.definition[:], err)
}

// checkRead returns an error unless so many rows have been read, with as many values as their definitions say: of much
// that is corrupt a column reader returns less without a word.
func (c *Column) checkRead(want int, levels int64, values int, definitions []int16, err error) error {
	if err == nil {
		err = c.reader.Err()
	}
	if err == nil && levels == 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	deepest := c.pages.column.MaxDefinitionLevel()
	for _, d := range definitions {
		if d == deepest {
			values--
		} else if d < 0 || d > deepest {
			return fmt.Errorf("level %d of %d", d, deepest)
		}
	}
	if levels != int64(want) || values != 0 {
		return fmt.Errorf("%d rows in place of %d, with %d values more than they should have", levels, want, values)
	}
	return nil
}

// present tells whether the last value that was read is not null.
func (c *Column) present() bool {
	return c.definition[0] == c.pages.column.MaxDefinitionLevel()
}

// Bytes returns the next value of a column of bytes, valid until the next call; nil where it is null, or where
// the column is closed.
func (c *Column) Bytes() ([]byte, error) {
	if c.reader == nil {
		return nil, nil
	}
	if err := c.step(); err != nil {
		return nil, c.error(err)
	}
	if !c.present() {
		return nil, nil
	}
	if c.value[0] == nil {
		return []byte{}, nil
	}
	return c.value[0], nil
}

// Texts returns the strings of the next row that are not null: at most one, or of a list all, which may be so many.
func (c *Column) Texts(most int) ([]string, error) {
	var all []string
	for n := 0; ; n++ {
		if !c.ahead {
			err := c.step()
			if n > 0 && errors.Is(err, io.ErrUnexpectedEOF) && c.reader.Err() == nil {
				return all, nil // the row was the last
			}
			if err != nil {
				return nil, c.error(err)
			}
		}
		if c.ahead = n > 0 && c.repetition[0] == 0; c.ahead {
			return all, nil
		}
		if n == 0 && c.repetition[0] != 0 || n > most {
			return nil, c.error(errors.New("a list without a beginning, or without an end"))
		}
		if c.present() {
			all = append(all, string(c.value[0]))
		}
		if c.pages.column.MaxRepetitionLevel() == 0 {
			return all, nil
		}
	}
}

// Array returns the next rows of a column of any type, as that of its field.
func (c *Column) Array(rows int, typ arrow.DataType, mem memory.Allocator) (arrow.Array, error) {
	a, err := c.array(rows, typ, mem)
	if err != nil {
		return nil, c.error(err)
	}
	return a, nil
}

func (c *Column) array(rows int, typ arrow.DataType, mem memory.Allocator) (arrow.Array, error) {
	switch r := c.reader.(type) {
	case *file.BooleanColumnChunkReader:
		return readArray(c, rows, typ, r.ReadBatch, array.NewBooleanBuilder(mem))
	case *file.Int32ColumnChunkReader:
		return readArray(c, rows, typ, r.ReadBatch, array.NewInt32Builder(mem))
	case *file.Int64ColumnChunkReader:
		return readArray(c, rows, typ, r.ReadBatch, array.NewInt64Builder(mem))
	case *file.Float32ColumnChunkReader:
		return readArray(c, rows, typ, r.ReadBatch, array.NewFloat32Builder(mem))
	case *file.Float64ColumnChunkReader:
		return readArray(c, rows, typ, r.ReadBatch, array.NewFloat64Builder(mem))
	case *file.ByteArrayColumnChunkReader:
		return c.byteArray(rows, typ, mem)
	}
	return nil, fmt.Errorf("columns of %v are not supported", c.reader.Type())
}

// A valuesBuilder is any of Arrow's builders of numbers.
type valuesBuilder[V any] interface {
	array.Builder
	AppendValues(values []V, valid []bool)
}

// readBatch is the ReadBatch of a column reader.
type readBatch[V any] func(n int64, values []V, definitions, repetitions []int16) (levels int64, read int, err error)

// readArray returns the next rows as an array of a type whose values have the bits of those that are read.
func readArray[V any](c *Column, rows int, typ arrow.DataType, read readBatch[V], b valuesBuilder[V]) (arrow.Array, error) {
	defer b.Release()
	values, definitions, valid := make([]V, rows), make([]int16, rows), make([]bool, rows)
	levels, from, err := read(int64(rows), values, definitions, nil)
	if err := c.checkRead(rows, levels, from, definitions, err); err != nil {
		return nil, err
	}
	deepest := c.pages.column.MaxDefinitionLevel()
	for row := rows - 1; row >= 0; row-- { // spread the values over the rows that have one
		if valid[row] = definitions[row] == deepest; valid[row] {
			from--
			values[row] = values[from]
		}
	}
	b.AppendValues(values, valid)
	return retyped(b.NewArray(), typ), nil
}

// MaxStrings bounds the bytes of strings that are held at once.
const MaxStrings = 256 << 20

// ErrLargeStrings is why rows cannot be read that have more than MaxStrings.
var ErrLargeStrings = fmt.Errorf("more than %d bytes in a few rows", MaxStrings)

func (c *Column) byteArray(rows int, typ arrow.DataType, mem memory.Allocator) (arrow.Array, error) {
	b := array.NewBinaryBuilder(mem, arrow.BinaryTypes.Binary)
	defer b.Release()
	for range rows {
		if err := c.step(); err != nil {
			return nil, err
		}
		if !c.present() {
			b.AppendNull()
		} else if b.Append(c.value[0]); b.DataLen() > MaxStrings {
			return nil, ErrLargeStrings
		}
	}
	return retyped(b.NewArray(), typ), nil
}

// retyped takes over an array and returns its values as those of another type of the same width.
func retyped(a arrow.Array, typ arrow.DataType) arrow.Array {
	defer a.Release()
	data := array.NewData(typ, a.Len(), a.Data().Buffers(), nil, a.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// Free closes the column, and gives up its memory.
func (c *Column) Free() {
	c.reader = nil
	c.pages.free()
}
