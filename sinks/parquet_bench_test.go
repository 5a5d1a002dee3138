package sinks_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
)

// BenchmarkParquetEmbeddings writes 16,384 pairs of embeddings of 512 random numbers, 64 MiB, durably: as one file, and
// as a part. pyarrow writes the same rows with the same settings where PAIRSTREAM_PYTHON names a Python that has it.
func BenchmarkParquetEmbeddings(b *testing.B) {
	const rows, width, batches = 256, 512, 64
	all := make([]batch.Vectors, batches)
	for i := range all {
		all[i] = vectorsFrom(b, uint64(i), rows, width)
	}
	size := batches * all[0].Bytes()
	first := filepath.Join(b.TempDir(), "first.parquet")
	store(b, b.Context(), pipeline.Sink[batch.Vectors](&sinks.Parquet[batch.Vectors]{Path: first}), all...)
	b.Run("file", func(b *testing.B) {
		path := filepath.Join(b.TempDir(), "out.parquet")
		b.SetBytes(size)
		for b.Loop() {
			store(b, b.Context(), pipeline.Sink[batch.Vectors](&sinks.Parquet[batch.Vectors]{Path: path}), all...)
		}
	})
	b.Run("part", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			store(b, b.Context(), pipeline.Sink[batch.Vectors](&sinks.Parts[batch.Vectors]{Dir: b.TempDir(), PartBytes: 1 << 40}), all...)
		}
	})
	b.Run("pyarrow", func(b *testing.B) {
		python := os.Getenv("PAIRSTREAM_PYTHON")
		if python == "" {
			b.Skip("PAIRSTREAM_PYTHON names no Python that has pyarrow")
		}
		out, err := exec.Command(python, "testdata/bench_write.py", first, filepath.Join(b.TempDir(), "out.parquet"), strconv.Itoa(b.N)).Output()
		var seconds float64
		var written int64
		if err == nil {
			_, err = fmt.Sscan(string(out), &seconds, &written)
		}
		if info, statErr := os.Stat(first); err != nil || statErr != nil || written < info.Size()*9/10 || written > info.Size()*11/10 {
			b.Fatalf("%d bytes, %v, %v", written, err, statErr)
		}
		b.ReportMetric(float64(size)*float64(b.N)/1e6/seconds, "MB/s")
		b.ReportMetric(seconds*1e9/float64(b.N), "ns/op")
	})
}

// vectorsFrom makes the n-th batch of vectors, all of which differ.
func vectorsFrom(t testing.TB, n uint64, rows, width int) batch.Vectors {
	ctx := t.Context()
	b := array.NewRecordBuilder(batch.Allocator(ctx), arrow.NewSchema([]arrow.Field{
		{Name: batch.ID, Type: arrow.BinaryTypes.String}, {Name: batch.Caption, Type: arrow.BinaryTypes.String},
		{Name: batch.Lane, Type: arrow.BinaryTypes.String}, {Name: batch.Offset, Type: arrow.PrimitiveTypes.Int64},
	}, nil))
	defer b.Release()
	for i := range int64(rows) {
		offset := int64(n)*int64(rows) + i
		b.Field(0).(*array.StringBuilder).Append(fmt.Sprintf("%09d", offset))
		b.Field(1).(*array.StringBuilder).Append(fmt.Sprint("a picture of something, number ", offset))
		b.Field(2).(*array.StringBuilder).Append("pairs.parquet")
		b.Field(3).(*array.Int64Builder).Append(offset)
	}
	r := b.NewRecord()
	image, text := unit(ctx, 2*n, rows, width, nil), unit(ctx, 2*n+1, rows, width, nil)
	fields, columns := r.Schema().Fields(), r.Columns()
	fields = slices.Concat(fields[:2], []arrow.Field{{Name: batch.ImageEmbedding, Type: image.DataType()}, {Name: batch.TextEmbedding, Type: text.DataType()}}, fields[2:])
	v, err := batch.NewVectors(array.NewRecord(arrow.NewSchema(fields, nil), slices.Concat(columns[:2], []arrow.Array{image, text}, columns[2:]), int64(rows)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
