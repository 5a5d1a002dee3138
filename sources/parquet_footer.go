package sources

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/thrift/lib/go/thrift"
)

const (
	maxFooter = 64 << 20
	maxDepth  = 64 // of groups in a schema
	magic     = "PAR1"
)

// A parquetFile is an open Parquet file.
type parquetFile struct {
	name   string
	source parquetSource
	failed error // of the source: the first that is not for want of bytes
	size   int64 // of the row groups
	meta   *metadata.FileMetaData
	first  []int64 // the first row of each row group, and behind the last one the number of rows
}

// A parquetSource is where a file's bytes come from.
type parquetSource interface {
	io.ReaderAt
	io.Closer
}

// openParquet opens a file and reads its footer.
func openParquet(d dataFile) (*parquetFile, error) {
	source, err := os.Open(d.path)
	if err != nil {
		return nil, pathError(d.path, err)
	}
	f := &parquetFile{name: d.path, source: source, size: d.size}
	if err := f.decode("footer", f.readFooter); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// ReadAt reads from the source.
func (f *parquetFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.source.ReadAt(p, at)
	if err != nil && err != io.EOF && f.failed == nil {
		f.failed = err
	}
	return n, err
}

// A corruptError says what is wrong with a part of a file.
type corruptError struct{ err error }

func (e *corruptError) Error() string { return e.err.Error() }
func (e *corruptError) Unwrap() error { return e.err }

// decode calls what reads a part of the file, and makes a corruptError of its error unless the source is to blame. The
// decoders panic at much that is corrupt.
func (f *parquetFile) decode(part string, read func() error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("not as Parquet should be: %v", panicked)
		}
		if f.failed != nil {
			err = pathError(f.name, f.failed)
		} else if err != nil {
			err = &corruptError{fmt.Errorf("%s: %s: %w", f.name, part, err)}
		}
	}()
	return read()
}

func (f *parquetFile) readFooter() error {
	var end [4 + len(magic)]byte
	if f.size < int64(len(magic)+len(end)) {
		return fmt.Errorf("a file of %d bytes has none", f.size)
	}
	if _, err := f.ReadAt(end[:], f.size-int64(len(end))); err != nil {
		return err
	}
	switch string(end[4:]) {
	case magic:
	case "PARE":
		return errors.New("it is encrypted")
	default:
		return errors.New("the file does not end as Parquet files do: it is cut off, or of another kind")
	}
	size := int64(binary.LittleEndian.Uint32(end[:]))
	if size > f.size-int64(len(magic)+len(end)) || size > maxFooter {
		return fmt.Errorf("it has %d bytes: the limit is %d, and the file has %d", size, maxFooter, f.size)
	}
	footer := make([]byte, size)
	if _, err := f.ReadAt(footer, f.size-int64(len(end))-size); err != nil {
		return err
	}
	if err := checkSchema(footer); err != nil {
		return err
	}
	var err error
	if f.meta, err = metadata.NewFileMetaData(footer, nil); err != nil {
		return err
	}
	f.size -= int64(len(end)) + size // what is left are the row groups
	return f.countRows()
}

// countRows finds where row groups begin.
func (f *parquetFile) countRows() error {
	f.first = []int64{0}
	for i, g := range f.meta.RowGroups {
		rows := g.GetNumRows()
		if rows < 0 || rows > math.MaxInt64/captionsPerRow-f.first[i] {
			return fmt.Errorf("row group %d has %d rows", i, rows)
		}
		if have, want := len(g.Columns), f.meta.Schema.NumColumns(); have != want {
			return fmt.Errorf("row group %d has %d columns, not %d", i, have, want)
		}
		f.first = append(f.first, f.first[i]+rows)
	}
	if rows := f.rows(); rows != f.meta.GetNumRows() {
		return fmt.Errorf("the row groups have %d rows, the file %d", rows, f.meta.GetNumRows())
	}
	return nil
}

func (f *parquetFile) rows() int64 { return f.first[len(f.first)-1] }

// groups returns the number of row groups.
func (f *parquetFile) groups() int { return len(f.first) - 1 }

func (f *parquetFile) close() {
	_ = f.source.Close() // it was only read
}

// checkSchema walks a footer before it is decoded: arrow-go makes room for as many children as a group of the schema
// says it has, goes as deep as groups are nested, and takes a column of unknown repetition for one without nulls. The
// lengths of lists thrift itself compares with the bytes left.
func checkSchema(footer []byte) error {
	var children []int32 // of each group that is open, still to come
	element := func(p thrift.TProtocol) error {
		if n := len(children); n > 0 {
			children[n-1]--
		}
		var repetition, count int32
		numbers := map[int16]*int32{3: &repetition, 5: &count} // repetition_type, num_children
		err := eachField(p, func(id int16, typ thrift.TType) (bool, error) { return readI32(p, typ, numbers[id]) })
		if err != nil {
			return err
		}
		if repetition < 0 || repetition > 2 {
			return fmt.Errorf("a column of the unknown repetition %d", repetition)
		}
		if count < 0 || int(count) > len(footer) || len(children) == maxDepth {
			return fmt.Errorf("a group of %d columns, %d deep in the schema", count, len(children))
		}
		if count > 0 {
			children = append(children, count)
		}
		for len(children) > 0 && children[len(children)-1] == 0 {
			children = children[:len(children)-1]
		}
		return nil
	}
	p := compactProtocol(footer)
	return eachField(p, func(id int16, typ thrift.TType) (bool, error) {
		if id != 2 || typ != thrift.LIST { // schema
			return false, nil
		}
		_, count, err := p.ReadListBegin(context.Background())
		for i := 0; i < count && err == nil; i++ {
			err = element(p)
		}
		if err == nil && len(children) > 0 {
			err = errors.New("groups of the schema lack columns")
		}
		return true, err
	})
}

// compactProtocol reads thrift as Parquet has it.
func compactProtocol(p []byte) *thrift.TCompactProtocol {
	return thrift.NewTCompactProtocolConf(&thrift.TMemoryBuffer{Buffer: bytes.NewBuffer(p)}, &thrift.TConfiguration{})
}

// eachField reads a struct: field by field by a function, which leaves those that it does not know to be skipped.
func eachField(p thrift.TProtocol, field func(id int16, typ thrift.TType) (known bool, err error)) error {
	ctx := context.Background()
	if _, err := p.ReadStructBegin(ctx); err != nil {
		return err
	}
	for {
		_, typ, id, err := p.ReadFieldBegin(ctx)
		if err != nil {
			return err
		}
		if typ == thrift.STOP {
			return p.ReadStructEnd(ctx)
		}
		known, err := field(id, typ)
		if err == nil && !known {
			err = p.Skip(ctx, typ)
		}
		if err == nil {
			err = p.ReadFieldEnd(ctx)
		}
		if err != nil {
			return err
		}
	}
}
