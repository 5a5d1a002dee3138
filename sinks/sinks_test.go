package sinks_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// vectors makes embeddings of pairs "p0", "p1", … with the further columns of a source. Rows listed as null are null,
// but for their ids and further columns.
func vectors(t testing.TB, ctx context.Context, rows, width int, model string, null ...int) batch.Vectors {
	t.Helper()
	mem := batch.Allocator(ctx)
	notes := arrow.NewMetadata([]string{batch.ModelNote, "pandas"}, []string{model, "other columns"})
	b := array.NewRecordBuilder(mem, arrow.NewSchema([]arrow.Field{
		{Name: batch.ID, Type: arrow.BinaryTypes.String},
		{Name: batch.Caption, Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: batch.Lane, Type: arrow.BinaryTypes.String},
		{Name: batch.Offset, Type: arrow.PrimitiveTypes.Int64},
		{Name: "width", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	}, nil))
	defer b.Release()
	for i := range rows {
		b.Field(0).(*array.StringBuilder).Append(fmt.Sprint("p", i))
		if slices.Contains(null, i) {
			b.Field(1).AppendNull()
		} else {
			b.Field(1).(*array.StringBuilder).Append(fmt.Sprintf("caption %d: \"ünï\" <cödé>\n", i))
		}
		b.Field(2).(*array.StringBuilder).Append("list.tsv")
		b.Field(3).(*array.Int64Builder).Append(int64(i + 1))
		if i%3 == 1 {
			b.Field(4).AppendNull()
		} else {
			b.Field(4).(*array.Int32Builder).Append(int32(100 + i))
		}
	}
	r := b.NewRecord()
	defer r.Release()
	image, text := unit(ctx, 1, rows, width, null), unit(ctx, 2, rows, width, null)
	defer image.Release()
	defer text.Release()
	fields := r.Schema().Fields()
	all := append(slices.Clone(fields[:2]),
		arrow.Field{Name: batch.ImageEmbedding, Type: image.DataType(), Nullable: true},
		arrow.Field{Name: batch.TextEmbedding, Type: text.DataType(), Nullable: true})
	columns := append(slices.Clone(r.Columns()[:2]), image, text)
	record := array.NewRecord(arrow.NewSchema(append(all, fields[2:]...), &notes), append(columns, r.Columns()[2:]...), int64(rows))
	v, err := batch.NewVectors(record)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// unit makes vectors of unit length, which are always the same.
func unit(ctx context.Context, seed uint64, rows, width int, null []int) arrow.Array {
	m := batch.NewMatrix[float32](batch.Allocator(ctx), rows, width)
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range rows {
		row, sum := m.Row(i), 0.0
		for j := range row {
			row[j] = float32(random.NormFloat64())
			sum += float64(row[j]) * float64(row[j])
		}
		for j := range row {
			row[j] /= float32(math.Sqrt(sum))
		}
		if slices.Contains(null, i) {
			m.SetNull(i)
		}
	}
	return m.Array()
}

// open opens a sink.
func open(t testing.TB, ctx context.Context, s any) {
	t.Helper()
	if o, ok := s.(pipeline.Opener); ok {
		if err := o.Open(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// store writes batches to a sink, opens it before and closes it after.
func store[T pipeline.Batch](t testing.TB, ctx context.Context, s pipeline.Sink[T], batches ...T) {
	t.Helper()
	open(t, ctx, s)
	for _, b := range batches {
		if err := s.Write(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// tree returns the files below a directory, with slashes.
func tree(t testing.TB, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			relative, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(relative))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
