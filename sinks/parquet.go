package sinks

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// Parquet writes batches to one Parquet file, which appears when the sink is closed and replaces what was there.
// Without a single batch there is no schema, and so no file.
//
// Fixed-size lists, such as embeddings, become list<float32>, of which null rows are null. The file's key-value
// metadata has the notes of the schema, "pairstream.model" and others, and the length of each fixed-size list that had
// the same in all batches: "image_embedding.dimension" is "512". Pages are compressed by zstd.
type Parquet[T Table[T]] struct {
	Path string

	// A row group is complete with so many rows or, before compression, about so many bytes.
	GroupRows  int64 // 0 is 1,048,576
	GroupBytes int64 // 0 is 64 MiB

	file *parquetFile
}

// Open begins the file beside its place.
func (s *Parquet[T]) Open(ctx context.Context) error {
	a, err := createAt(ctx, s.Path)
	if err == nil {
		s.file = newParquetFile(a, a, s.GroupRows, s.GroupBytes)
	}
	return err
}

// Write appends the rows of a batch. All batches must have the same columns and notes.
func (s *Parquet[T]) Write(ctx context.Context, in T) error { return s.file.write(ctx, in, in.Bytes()) }

// Stored returns zero: no row is durable before the file is closed.
func (s *Parquet[T]) Stored() int64 { return 0 }

// Close completes the file and moves it to its place.
func (s *Parquet[T]) Close() error {
	if s.file.writer == nil {
		return s.Abort()
	}
	return s.file.keep(s.file.complete)
}

// Abort removes what was written.
func (s *Parquet[T]) Abort() error { return s.file.close() }

// pageMemory is what pages are made in. It is no context's: of a file that is given up, the writer releases nothing.
var pageMemory = batch.ReusingAllocator(context.Background())

// pageBytes is about how much of a column goes into one page.
const pageBytes = 1 << 20

// A parquetFile is a Parquet file that is being written.
type parquetFile struct {
	*aside
	out                   io.Writer // the file beneath
	groupRows, groupBytes int64
	layout                layout

	writer      *pqarrow.FileWriter // nil before the first batch
	schema      *arrow.Schema       // of the file
	last        *arrow.Schema       // of the last batch
	dimensions  map[string]int      // of the fixed-size lists; -1 where batches differ
	rows, bytes int64               // in the open row group
}

// newParquetFile begins a Parquet file that is written to out, by which it comes to an aside.
func newParquetFile(a *aside, out io.Writer, groupRows, groupBytes int64) *parquetFile {
	if groupRows == 0 {
		groupRows = 1 << 20
	}
	if groupBytes == 0 {
		groupBytes = 64 << 20
	}
	return &parquetFile{
		aside: a, out: struct{ io.Writer }{out}, groupRows: groupRows, groupBytes: groupBytes, dimensions: map[string]int{},
	}
}

// write appends a record of about so many bytes, page by page.
func (f *parquetFile) write(ctx context.Context, r arrow.Record, bytes int64) error {
	if err := f.admit(r.Schema()); err != nil {
		return err
	}
	each := bytes/max(r.NumRows(), 1) + 1
	for from := int64(0); from < r.NumRows(); {
		if f.rows == f.groupRows || f.rows > 0 && f.bytes >= f.groupBytes {
			if err := f.try(func() error { f.writer.NewBufferedRowGroup(); return nil }); err != nil {
				return err
			}
			f.rows, f.bytes = 0, 0
		}
		room := min(pageBytes/each, f.groupRows-f.rows, (f.groupBytes-f.bytes)/each)
		to := min(from+max(room, 1), r.NumRows())
		if err := f.writePage(ctx, r, from, to); err != nil {
			return err
		}
		f.rows += to - from
		f.bytes += (to - from) * each
		from = to
	}
	return nil
}

// writePage appends rows from to to-1 of a record to the open row group.
func (f *parquetFile) writePage(ctx context.Context, r arrow.Record, from, to int64) error {
	page, err := f.page(ctx, r, from, to)
	if err != nil {
		return err
	}
	defer page.Release()
	return f.try(func() error {
		if err := f.writer.WriteBuffered(page); err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		rows, err := f.writer.RowGroupNumRows()
		if err == nil && int64(rows) != f.rows+to-from {
			err = fmt.Errorf("%d rows in a row group, not %d", rows, f.rows+to-from)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		return nil
	})
}

// page returns rows from to to-1 of a record as they are in the file.
func (f *parquetFile) page(ctx context.Context, r arrow.Record, from, to int64) (arrow.Record, error) {
	slice := r.NewSlice(from, to)
	defer slice.Release()
	page, err := asLists(batch.Allocator(ctx), slice, f.schema)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return page, nil
}

// admit checks that a batch of a schema can follow those before it, and begins the file with the first.
func (f *parquetFile) admit(schema *arrow.Schema) error {
	if schema == f.last {
		return nil
	}
	lists, err := listSchema(schema, f.layout)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if f.writer == nil {
		if err := f.begin(lists); err != nil {
			return err
		}
	}
	if err := checkFollows(f.schema, lists); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	for _, field := range schema.Fields() {
		if list, ok := field.Type.(*arrow.FixedSizeListType); ok {
			dimension, seen := f.dimensions[field.Name]
			if f.dimensions[field.Name] = int(list.Len()); seen && dimension != int(list.Len()) {
				f.dimensions[field.Name] = -1
			}
		}
	}
	f.last = schema
	return nil
}

// begin writes the head of the file.
func (f *parquetFile) begin(schema *arrow.Schema) error {
	if err := checkNames(schema); err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	properties := parquet.NewWriterProperties(
		parquet.WithAllocator(pageMemory),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(zstdLevel),
		parquet.WithDictionaryDefault(false), // embeddings and ids do not repeat
		parquet.WithStats(false),             // of strings they keep pointing into batches that are long released
		parquet.WithDataPageSize(pageBytes),
		parquet.WithBatchSize(pageBytes), // more elements than a page has, so that pages end between rows
		parquet.WithMaxRowGroupLength(f.groupRows),
	)
	return f.try(func() error {
		withTypes := pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema())
		w, err := pqarrow.NewFileWriter(schema, f.out, properties, withTypes)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		f.writer, f.schema = w, schema
		return nil
	})
}

// complete writes the footer and makes the file durable.
func (f *parquetFile) complete() error {
	if err := f.finish(); err != nil {
		return err
	}
	return f.aside.complete()
}

// A keyValue is an entry of a footer.
type keyValue struct{ key, value string }

// finish writes the footer, with further entries at its end.
func (f *parquetFile) finish(further ...keyValue) error {
	return f.try(func() error {
		for _, field := range f.schema.Fields() {
			if dimension := f.dimensions[field.Name]; dimension > 0 {
				if err := f.writer.AppendKeyValueMetadata(field.Name+".dimension", strconv.Itoa(dimension)); err != nil {
					return err
				}
				if binary, ok := field.Type.(*arrow.FixedSizeBinaryType); ok {
					number := "float32"
					if binary.ByteWidth == 2*dimension {
						number = "float16"
					}
					if err := f.writer.AppendKeyValueMetadata(field.Name+".type", number); err != nil {
						return err
					}
				}
			}
		}
		for _, e := range further {
			if err := f.writer.AppendKeyValueMetadata(e.key, e.value); err != nil {
				return err
			}
		}
		return f.writer.Close()
	})
}

// try calls the writer and returns its error, or that of the file beneath: the writer drops some of those and panics
// at others.
func (f *parquetFile) try(call func() error) (err error) {
	defer func() {
		if f.err == nil {
			return
		}
		recover()
		err = f.err
	}()
	return call()
}

// parquetFingerprint returns the fingerprint of the notes in a Parquet file.
func parquetFingerprint(place place, path string) (string, error) {
	source, err := place.open(path)
	if err != nil {
		return "", err
	}
	defer source.Close()
	r, err := file.NewParquetReader(source)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	pairs := r.MetaData().KeyValueMetadata()
	metadata := arrow.NewMetadata(pairs.Keys(), pairs.Values())
	return batch.Fingerprint(arrow.NewSchema(nil, &metadata)), nil
}
