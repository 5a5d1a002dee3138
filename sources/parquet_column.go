package sources

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

// A parquetColumn reads a leaf of the schema: the chunk of one row group after another, each from its start.
type parquetColumn struct {
	pages  parquetPages
	reader file.ColumnChunkReader

	// The last value that was read of a column of bytes, valid until the next. It is there where its definition is the
	// deepest; a repetition of 0 begins a row.
	value                  [1]parquet.ByteArray
	definition, repetition [1]int16
	ahead                  bool // it belongs to the next row
}

// open goes on to a row group of a file. A leaf below zero leaves a column without a reader.
func (c *parquetColumn) open(f *parquetFile, leaf, group int, inflate *inflater) error {
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
func (c *parquetColumn) error(err error) error {
	return fmt.Errorf("column %q: %w", c.pages.column.Path(), err)
}

// end returns an error unless the row group has been read to its end. What was read last stays valid.
func (c *parquetColumn) end() error {
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
func (c *parquetColumn) step() error {
	r, ok := c.reader.(*file.ByteArrayColumnChunkReader)
	if !ok {
		return fmt.Errorf("%v in place of bytes", c.reader.Type())
	}
	levels, values, err := r.ReadBatch(1, c.value[:], c.definition[:], c.repetition[:])
	return c.checkRead(1, levels, values, c.definition[:], err)
}

// checkRead returns an error unless so many rows have been read, with as many values as their definitions say: of much
// that is corrupt a column reader returns less without a word.
func (c *parquetColumn) checkRead(want int, levels int64, values int, definitions []int16, err error) error {
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
func (c *parquetColumn) present() bool {
	return c.definition[0] == c.pages.column.MaxDefinitionLevel()
}

// bytes returns the next value of a column of bytes, valid until the next call; nil where it is null, or where there is
// no reader.
func (c *parquetColumn) bytes() ([]byte, error) {
	if c.reader == nil {
		return nil, nil
	}
	if err := c.step(); err != nil || !c.present() {
		return nil, err
	}
	if c.value[0] == nil {
		return []byte{}, nil
	}
	return c.value[0], nil
}

// texts returns the strings of the next row that are not null: at most one, or, of a list, any number.
func (c *parquetColumn) texts() ([]string, error) {
	var all []string
	for n := 0; ; n++ {
		if !c.ahead {
			err := c.step()
			if n > 0 && errors.Is(err, io.ErrUnexpectedEOF) && c.reader.Err() == nil {
				return all, nil // the row was the last
			}
			if err != nil {
				return nil, err
			}
		}
		if c.ahead = n > 0 && c.repetition[0] == 0; c.ahead {
			return all, nil
		}
		if n == 0 && c.repetition[0] != 0 || n > captionsPerRow {
			return nil, errors.New("a list without a beginning, or without an end")
		}
		if c.present() {
			all = append(all, string(c.value[0]))
		}
		if c.pages.column.MaxRepetitionLevel() == 0 {
			return all, nil
		}
	}
}

// array returns the next rows of a column of any type.
func (c *parquetColumn) array(rows int, typ arrow.DataType, mem memory.Allocator) (arrow.Array, error) {
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
func readArray[V any](c *parquetColumn, rows int, typ arrow.DataType, read readBatch[V], b valuesBuilder[V]) (arrow.Array, error) {
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

// maxStrip bounds the bytes of a column of strings that are held at once.
const maxStrip = 256 << 20

var errLargeStrip = fmt.Errorf("more than %d bytes in a few rows", maxStrip)

func (c *parquetColumn) byteArray(rows int, typ arrow.DataType, mem memory.Allocator) (arrow.Array, error) {
	b := array.NewBinaryBuilder(mem, arrow.BinaryTypes.Binary)
	defer b.Release()
	for range rows {
		value, err := c.bytes()
		if err != nil {
			return nil, err
		}
		if value == nil {
			b.AppendNull()
		} else if b.Append(value); b.DataLen() > maxStrip {
			return nil, errLargeStrip
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
