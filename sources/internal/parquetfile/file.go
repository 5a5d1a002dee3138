// Package parquetfile reads Parquet files a page at a time, and of these only the columns that are asked for.
//
// It stands on arrow-go's schema, metadata and decoders of values. What is between them is its own: footers, page
// headers and pages are compared with limits before anything is allocated by them, checksums of pages are verified,
// and a column holds one page, in memory that it keeps from page to page. Whatever a file holds, reading it ends.
package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/parquet/metadata"
)

const (
	maxFooter = 64 << 20
	maxRows   = 1 << 50 // of a file, so that callers can count in thousandths of a row
	magic     = "PAR1"
)

// A File is an open Parquet file. It is for one goroutine.
type File struct {
	Name string // for errors

	source Source
	failed error // of the source: the first that is not for want of bytes
	size   int64 // of the row groups
	meta   *metadata.FileMetaData
	first  []int64 // the first row of each row group, and behind the last one the number of rows
}

// A Source is where a file's bytes come from. Its errors name the file.
type Source interface {
	io.ReaderAt
	io.Closer
}

// Open takes over a source of so many bytes, and reads its footer.
func Open(name string, source Source, size int64) (*File, error) {
	f := &File{Name: name, source: source, size: size}
	if err := f.Decode("footer", f.readFooter); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// ReadAt reads from the source.
func (f *File) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.source.ReadAt(p, at)
	if err != nil && err != io.EOF && f.failed == nil {
		f.failed = err
	}
	return n, err
}

// A CorruptError says what is wrong with a part of a file.
type CorruptError struct{ err error }

func (e *CorruptError) Error() string { return e.err.Error() }
func (e *CorruptError) Unwrap() error { return e.err }

// Decode calls what reads a part of the file, and makes a CorruptError of its error unless the source is to blame. All
// that reads columns is to be called by it: the decoders panic at much that is corrupt.
func (f *File) Decode(part string, read func() error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("not as Parquet should be: %v", panicked)
		}
		if f.failed != nil {
			err = f.failed
		} else if err != nil {
			err = &CorruptError{fmt.Errorf("%s: %s: %w", f.Name, part, err)}
		}
	}()
	return read()
}

func (f *File) readFooter() error {
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
func (f *File) countRows() error {
	f.first = []int64{0}
	for i, g := range f.meta.RowGroups {
		rows := g.GetNumRows()
		if rows < 0 || rows > maxRows-f.first[i] {
			return fmt.Errorf("row group %d has %d rows", i, rows)
		}
		if have, want := len(g.Columns), f.meta.Schema.NumColumns(); have != want {
			return fmt.Errorf("row group %d has %d columns, not %d", i, have, want)
		}
		f.first = append(f.first, f.first[i]+rows)
	}
	if rows := f.Rows(); rows != f.meta.GetNumRows() {
		return fmt.Errorf("the row groups have %d rows, the file %d", rows, f.meta.GetNumRows())
	}
	return nil
}

// Rows returns the number of rows.
func (f *File) Rows() int64 { return f.first[f.Groups()] }

// Groups returns the number of row groups.
func (f *File) Groups() int { return len(f.first) - 1 }

// First returns the first row of a row group; behind the last group, the number of rows.
func (f *File) First(group int) int64 { return f.first[group] }

// GroupSize returns how many bytes of the file a row group is said to take.
func (f *File) GroupSize(group int) (size int64) {
	for _, c := range f.meta.RowGroups[group].Columns {
		size += min(max(c.GetMetaData().GetTotalCompressedSize(), 0), f.size)
	}
	return size
}

// LeafSize returns how many bytes a column of a row group is said to take when decompressed.
func (f *File) LeafSize(group, leaf int) int64 {
	return min(max(f.meta.RowGroups[group].Columns[leaf].GetMetaData().GetTotalUncompressedSize(), 0), 1<<40)
}

// Close closes the source.
func (f *File) Close() {
	_ = f.source.Close() // it was only read
}
