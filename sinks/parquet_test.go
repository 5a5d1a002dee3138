package sinks_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/parquet-go/parquet-go"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

// Files are read back by another library than the one that wrote them.
type vectorRow struct {
	ID      string     `parquet:"id"`
	Caption *string    `parquet:"caption,optional"`
	Image   []*float32 `parquet:"image_embedding,list,optional"`
	Text    []*float32 `parquet:"text_embedding,list,optional"`
	Lane    string     `parquet:"origin_lane"`
	Offset  int64      `parquet:"origin_offset"`
	Width   *int32     `parquet:"width,optional"`
}

// openParquet opens a file, which is closed at the end of the test.
func openParquet(t testing.TB, path string) *parquet.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return p
}

func readParquet[R any](t testing.TB, path string) []R {
	t.Helper()
	file := openParquet(t, path)
	r := parquet.NewGenericReader[R](file)
	defer r.Close()
	rows := make([]R, r.NumRows())
	if n, err := r.Read(rows); n != len(rows) || err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("%s: %d of %d rows: %v", path, n, len(rows), err)
	}
	return rows
}

func parquetRows(t testing.TB, path string) int64 {
	t.Helper()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	return openParquet(t, path).NumRows()
}

// checkVectors compares rows of a file with those of a batch.
func checkVectors(t *testing.T, got []vectorRow, want batch.Vectors) {
	t.Helper()
	if len(got) != int(want.NumRows()) {
		t.Fatalf("%d rows, not %d", len(got), want.NumRows())
	}
	captions, offsets := want.Column(1).(*array.String), want.Column(5).(*array.Int64)
	widths := want.Column(6).(*array.Int32)
	for i, row := range got {
		id, _ := want.Label(int64(i))
		if row.ID != id || row.Lane != "list.tsv" || row.Offset != offsets.Value(i) {
			t.Errorf("row %d is %s from %s:%d, not %s", i, row.ID, row.Lane, row.Offset, id)
		}
		if (row.Caption == nil) != captions.IsNull(i) || row.Caption != nil && *row.Caption != captions.Value(i) {
			t.Errorf("row %d: caption %v", i, row.Caption)
		}
		if (row.Width == nil) != widths.IsNull(i) || row.Width != nil && *row.Width != widths.Value(i) {
			t.Errorf("row %d: width %v", i, row.Width)
		}
		checkList(t, row.Image, want.Image(), i)
		checkList(t, row.Text, want.Text(), i)
	}
}

func checkList(t *testing.T, got []*float32, m batch.Matrix[float32], row int) {
	t.Helper()
	if m.IsNull(row) {
		if got != nil {
			t.Errorf("row %d is %v, not null", row, got)
		}
		return
	}
	if len(got) != m.Width {
		t.Fatalf("row %d has %d numbers, not %d", row, len(got), m.Width)
	}
	for j, want := range m.Row(row) {
		if got[j] == nil || *got[j] != want {
			t.Fatalf("row %d, number %d: %v, not %v", row, j, got[j], want)
		}
	}
}

func TestParquet(t *testing.T) {
	sinks.SpoilPages(t)
	for name, c := range map[string]struct {
		null     []int
		from, to int64
	}{
		"whole":                {nil, 0, 20},
		"slice":                {nil, 7, 13},
		"nulls":                {[]int{0, 3, 4, 19}, 0, 20},
		"slice with nulls":     {[]int{2, 7, 9, 10, 12, 19}, 7, 13},
		"slice without nulls":  {[]int{0, 1, 2, 3}, 5, 13},
		"slice of nulls alone": {[]int{5, 6, 7}, 5, 8},
		"empty slice":          {nil, 4, 4},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			v := vectors(t, ctx, 20, 6, "a", c.null...)
			defer v.Release()
			slice := v.Slice(c.from, c.to)
			defer slice.Release()
			path := filepath.Join(t.TempDir(), "out.parquet")
			store(t, ctx, pipeline.Sink[batch.Vectors](&sinks.Parquet[batch.Vectors]{Path: path}), slice)
			checkVectors(t, readParquet[vectorRow](t, path), slice)
		})
	}
}

func TestParquetRowGroups(t *testing.T) {
	sinks.SpoilPages(t)
	const rowBytes = 4*(3+1) + 10 + 8*6*2 // about what a row takes
	for name, c := range map[string]struct {
		sink sinks.Parquet[batch.Vectors]
		most int64
		more bool // rows of a group may be fewer
	}{
		"by rows":       {sinks.Parquet[batch.Vectors]{GroupRows: 7}, 7, false},
		"by bytes":      {sinks.Parquet[batch.Vectors]{GroupBytes: 10 * rowBytes}, 20, true},
		"a row a group": {sinks.Parquet[batch.Vectors]{GroupBytes: 1}, 1, false},
		"by default":    {sinks.Parquet[batch.Vectors]{}, 60, false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			v := vectors(t, ctx, 20, 6, "a", 3, 11)
			defer v.Release()
			s := &c.sink
			s.Path = filepath.Join(t.TempDir(), "out.parquet")
			store(t, ctx, pipeline.Sink[batch.Vectors](s), v, v, v)
			groups := openParquet(t, s.Path).RowGroups()
			for i, g := range groups {
				if n := g.NumRows(); n > c.most || !c.more && n < c.most && i < len(groups)-1 || n == 0 {
					t.Errorf("row group %d of %d has %d rows", i, len(groups), n)
				}
			}
			if c.more && len(groups) < 3 {
				t.Errorf("%d row groups", len(groups))
			}
			rows := readParquet[vectorRow](t, s.Path)
			for i := range 3 {
				checkVectors(t, rows[i*20:i*20+20], v)
			}
		})
	}
}

// A page of a list column must begin with a row: some readers skip by pages.
func TestParquetPagesBeginWithRows(t *testing.T) {
	sinks.SpoilPages(t)
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 2000, 700, "a") // no divisor of any batch or page size
	defer v.Release()
	path := filepath.Join(t.TempDir(), "out.parquet")
	store(t, ctx, pipeline.Sink[batch.Vectors](&sinks.Parquet[batch.Vectors]{Path: path}), v)
	pages := openParquet(t, path).RowGroups()[0].ColumnChunks()[2].Pages()
	defer pages.Close()
	count := 0
	for ; ; count++ {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if page.NumValues()%700 != 0 {
			t.Errorf("page %d has %d values", count, page.NumValues())
		}
		parquet.Release(page)
	}
	if count < 4 {
		t.Errorf("%d pages of 5.6 MB", count)
	}
}

func TestParquetMetadata(t *testing.T) {
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 2, 6, "ViT-B/32 of today")
	defer v.Release()
	path := filepath.Join(t.TempDir(), "out.parquet")
	store(t, ctx, pipeline.Sink[batch.Vectors](&sinks.Parquet[batch.Vectors]{Path: path}), v)
	file := openParquet(t, path)
	for key, want := range map[string]string{
		batch.ModelNote:             "ViT-B/32 of today",
		"image_embedding.dimension": "6",
		"text_embedding.dimension":  "6",
		"pandas":                    "", // of whatever the source read
	} {
		if got, _ := file.Lookup(key); got != want {
			t.Errorf("%s is %q, not %q", key, got, want)
		}
	}
	for _, column := range file.Metadata().RowGroups[0].Columns {
		if column.MetaData.Codec.String() != "ZSTD" || column.MetaData.DictionaryPageOffset != 0 {
			t.Errorf("%v: %v, dictionary at %d", column.MetaData.PathInSchema, column.MetaData.Codec, column.MetaData.DictionaryPageOffset)
		}
	}
	if got := file.Schema().String(); !strings.Contains(got, "optional group image_embedding (LIST)") {
		t.Error(got)
	}
}

// scores makes a window of scores, each row as long as the window.
func scores(t *testing.T, ctx context.Context, rows int) batch.Scores {
	t.Helper()
	v := vectors(t, ctx, rows, 2, "a")
	defer v.Release()
	cosines := array.NewFloat32Builder(batch.Allocator(ctx))
	defer cosines.Release()
	cosines.AppendValues(make([]float32, rows), nil)
	score := cosines.NewArray()
	defer score.Release()
	similarity := unit(ctx, 3, rows, rows, nil)
	defer similarity.Release()
	s, err := batch.ScoresOf(v, score, similarity)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParquetTakesListsOfAllLengths(t *testing.T) {
	sinks.SpoilPages(t)
	ctx := pipetest.Context(t)
	first, last := scores(t, ctx, 5), scores(t, ctx, 3)
	defer first.Release()
	defer last.Release()
	path := filepath.Join(t.TempDir(), "out.parquet")
	store(t, ctx, pipeline.Sink[batch.Scores](&sinks.Parquet[batch.Scores]{Path: path}), first, last)
	type scoreRow struct {
		Similarity []*float32 `parquet:"similarity,list,optional"`
	}
	rows := readParquet[scoreRow](t, path)
	for i, row := range rows {
		m, at := first.Similarity(), i
		if i >= 5 {
			m, at = last.Similarity(), i-5
		}
		checkList(t, row.Similarity, m, at)
	}
	if dimension, ok := openParquet(t, path).Lookup("similarity.dimension"); ok {
		t.Errorf("the file says that all have %s numbers", dimension)
	}
}

// The writer must keep nothing that points into a batch: batches are released, and their memory used again, before the
// file is closed.
func TestParquetKeepsNothingOfABatch(t *testing.T) {
	ctx := batch.WithAllocator(t.Context(), scribbling{memory.DefaultAllocator})
	path := filepath.Join(t.TempDir(), "out.parquet")
	s := &sinks.Parquet[batch.Vectors]{Path: path}
	open(t, ctx, s)
	for range 3 {
		v := vectors(t, ctx, 20, 6, "a", 3)
		if err := s.Write(ctx, v); err != nil {
			t.Fatal(err)
		}
		v.Release()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	want := vectors(t, t.Context(), 20, 6, "a", 3)
	rows := readParquet[vectorRow](t, path)
	for i := range 3 {
		checkVectors(t, rows[i*20:i*20+20], want)
	}
	if least := openParquet(t, path).Metadata().RowGroups[0].Columns[0].MetaData.Statistics.MinValue; least != nil && string(least) != "p0" {
		t.Errorf("the least id is said to be %q", least)
	}
}

// scribbling is an allocator that overwrites what is given back.
type scribbling struct{ memory.Allocator }

func (s scribbling) Free(b []byte) {
	for i := range b {
		b[i] = 0xaa
	}
	s.Allocator.Free(b)
}
