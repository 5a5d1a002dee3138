package sinks_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npy"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

// readNpy returns the shape and the numbers of an array of float32.
func readNpy(t testing.TB, path string) ([]int, []float32) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := npy.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if r.Header.Descr.Type != "<f4" {
		t.Fatalf("%s: type %s", path, r.Header.Descr.Type)
	}
	var values []float32
	if err := r.Read(&values); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if rest, err := f.Read(make([]byte, 1)); rest > 0 {
		t.Errorf("%s: more than its header says, %v", path, err)
	}
	return r.Header.Descr.Shape, values
}

func arrayRows(t testing.TB, path string) int64 {
	t.Helper()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	shape, _ := readNpy(t, path)
	return int64(shape[0])
}

// npyRows returns the rows in a directory, of which all three sorts of files must have the same.
func npyRows(t testing.TB, dir string) int64 {
	t.Helper()
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	var rows int64
	for i := 0; ; i++ {
		image := arrayRows(t, filepath.Join(dir, "img_emb", fmt.Sprintf("img_emb_%d.npy", i)))
		text := arrayRows(t, filepath.Join(dir, "text_emb", fmt.Sprintf("text_emb_%d.npy", i)))
		metadata := parquetRows(t, filepath.Join(dir, "metadata", fmt.Sprintf("metadata_%d.parquet", i)))
		if image != text || text != metadata {
			t.Errorf("%d pictures, %d captions and %d rows of metadata in files of number %d", image, text, metadata, i)
		}
		if rows += image; image == 0 {
			return rows
		}
	}
}

type metadataRow struct {
	Path    string  `parquet:"image_path"`
	Caption *string `parquet:"caption,optional"`
	Lane    string  `parquet:"origin_lane"`
	Offset  int64   `parquet:"origin_offset"`
	Width   *int32  `parquet:"width,optional"`
}

func TestNpy(t *testing.T) {
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 10, 6, "a")
	defer v.Release()
	slice := v.Slice(3, 10)
	defer slice.Release()
	dir := t.TempDir()
	store(t, ctx, pipeline.Sink[batch.Vectors](&sinks.Npy{Dir: dir}), slice, v)
	want := []string{"img_emb/img_emb_0.npy", "metadata/metadata_0.parquet", "text_emb/text_emb_0.npy"}
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("files %v", got)
	}
	for file, matrix := range map[string]batch.Matrix[float32]{want[0]: v.Image(), want[2]: v.Text()} {
		shape, got := readNpy(t, filepath.Join(dir, file))
		if !slices.Equal(shape, []int{17, 6}) {
			t.Errorf("%s: shape %v", file, shape)
		}
		if !slices.Equal(got, append(slices.Clone(matrix.Values[3*6:]), matrix.Values...)) {
			t.Errorf("%s: other numbers", file)
		}
	}
	rows := readParquet[metadataRow](t, filepath.Join(dir, want[1]))
	for i, row := range rows {
		pair := (i + 3) % 10
		if row.Path != fmt.Sprint("p", pair) || row.Offset != int64(pair+1) || !strings.HasPrefix(*row.Caption, fmt.Sprintf("caption %d:", pair)) {
			t.Errorf("row %d of metadata is %+v", i, row)
		}
	}
}

func TestNpyHalf(t *testing.T) {
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 3, 4, "a")
	defer v.Release()
	dir := t.TempDir()
	store(t, ctx, pipeline.Sink[batch.Vectors](&sinks.Npy{Dir: dir, Half: true}), v)
	got := read(t, filepath.Join(dir, "img_emb/img_emb_0.npy"))
	header := "\x93NUMPY\x01\x00\x76\x00{'descr': '<f2', 'fortran_order': False, 'shape': (3, 4), }"
	if !strings.HasPrefix(got, header+" ") || got[127] != '\n' || len(got) != 128+3*4*2 {
		t.Fatalf("%d bytes: %q", len(got), got[:min(len(got), 128)])
	}
	for i, want := range v.Image().Values {
		bits := binary.LittleEndian.Uint16([]byte(got[128+2*i:]))
		half := float64(bits&0x3ff|0x400) / 1024 / float64(uint(1)<<(15-bits>>10&0x1f)) // of normal numbers below 1
		if bits>>15 == 1 {
			half = -half
		}
		if diff := half - float64(want); diff > 1.0/4096 || diff < -1.0/4096 {
			t.Errorf("number %d is %v, not %v", i, half, want)
		}
	}
}

func TestNpyFiles(t *testing.T) {
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 10, 6, "a")
	defer v.Release()
	dir := t.TempDir()
	store(t, ctx, pipeline.Sink[batch.Vectors](&sinks.Npy{Dir: dir, FileRows: 8}), v, v, v)
	var all []float32
	for i, want := range []int{8, 8, 8, 6} {
		shape, values := readNpy(t, filepath.Join(dir, "img_emb", fmt.Sprintf("img_emb_%d.npy", i)))
		if shape[0] != want {
			t.Errorf("file %d has %d rows, not %d", i, shape[0], want)
		}
		all = append(all, values...)
	}
	if !slices.Equal(all, slices.Concat(v.Image().Values, v.Image().Values, v.Image().Values)) {
		t.Error("other numbers")
	}
	if n := npyRows(t, dir); n != 30 {
		t.Errorf("%d rows", n)
	}

	// A run with fewer files leaves none of the old ones, and nobody's else is touched.
	// What a run that was killed left is removed.
	for _, file := range []string{"notes.txt", "metadata/README", "img_emb/img_emb_0.npy.bak", "text_emb/text_emb_7.npy.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	store(t, ctx, pipeline.Sink[batch.Vectors](&sinks.Npy{Dir: dir}), v)
	want := []string{"img_emb/img_emb_0.npy", "img_emb/img_emb_0.npy.bak", "metadata/README", "metadata/metadata_0.parquet",
		"notes.txt", "text_emb/text_emb_0.npy"}
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("files %v", got)
	}
}

func TestNpyRefusesADirectory(t *testing.T) {
	for name, c := range map[string]struct {
		before func(t *testing.T, ctx context.Context, dir string)
		want   string
	}{
		"of another model": {func(t *testing.T, ctx context.Context, dir string) {
			v := vectors(t, ctx, 2, 3, "b")
			defer v.Release()
			store(t, ctx, pipeline.Sink[batch.Vectors](&sinks.Npy{Dir: dir}), v)
		}, `holds embeddings made with "model=b", and is not replaced by some made with "model=a"`},
		"of nobody knows what": {func(t *testing.T, ctx context.Context, dir string) {
			if err := errors.Join(os.Mkdir(filepath.Join(dir, "text_emb"), 0o777),
				os.WriteFile(filepath.Join(dir, "text_emb", "text_emb_00.npy"), nil, 0o666)); err != nil {
				t.Fatal(err)
			}
		}, "holds text_emb/text_emb_00.npy without metadata, and is not replaced"},
		"with metadata that is none": {func(t *testing.T, ctx context.Context, dir string) {
			if err := errors.Join(os.Mkdir(filepath.Join(dir, "metadata"), 0o777),
				os.WriteFile(filepath.Join(dir, "metadata", "metadata_0.parquet"), []byte("PAR1PAR1PAR1"), 0o666)); err != nil {
				t.Fatal(err)
			}
		}, "metadata_0.parquet: "},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			v := vectors(t, ctx, 2, 3, "a")
			defer v.Release()
			dir := t.TempDir()
			c.before(t, ctx, dir)
			before := tree(t, dir)
			s := &sinks.Npy{Dir: dir}
			open(t, ctx, s)
			if err := s.Write(ctx, v); err == nil || !strings.HasPrefix(err.Error(), dir) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, not %s", err, c.want)
			}
			if got := tree(t, dir); !slices.Equal(got, before) {
				t.Errorf("files %v, before %v", got, before)
			}
			if err := s.Abort(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNpyRefusesRows(t *testing.T) {
	ctx := pipetest.Context(t)
	good, null, wider := vectors(t, ctx, 5, 3, "a"), vectors(t, ctx, 5, 3, "a", 3), vectors(t, ctx, 5, 4, "a")
	defer good.Release()
	defer null.Release()
	defer wider.Release()
	slice := null.Slice(2, 5)
	defer slice.Release()
	s := &sinks.Npy{Dir: t.TempDir()}
	open(t, ctx, s)
	defer s.Abort()
	if err := s.Write(ctx, good); err != nil {
		t.Fatal(err)
	}
	var rows pipeline.RowErrors
	if err := s.Write(ctx, slice); !errors.As(err, &rows) || rows[0].Row != 1 || rows[0].Err.Error() != "image_embedding is null" {
		t.Errorf("write a null: %v", err)
	}
	want := `column "image_embedding" of fixed_size_list<item: float32, nullable>[4] after column "image_embedding" of fixed_size_list<item: float32, nullable>[3]`
	if err := s.Write(ctx, wider); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("write wider embeddings: %v", err)
	}
}

func TestArray(t *testing.T) {
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 5, 12, "a")
	defer v.Release()
	slice := v.Slice(1, 3)
	defer slice.Release()
	for _, c := range []struct{ shape, want []int }{
		{nil, []int{7, 12}},
		{[]int{12}, []int{7, 12}},
		{[]int{3, 2, 2}, []int{7, 3, 2, 2}},
	} {
		path := filepath.Join(t.TempDir(), "out.npy")
		s := &sinks.Array[batch.Vectors]{Path: path, Column: batch.TextEmbedding, Shape: c.shape}
		store(t, ctx, pipeline.Sink[batch.Vectors](s), slice, v)
		shape, values := readNpy(t, path)
		if !reflect.DeepEqual(shape, c.want) {
			t.Errorf("shape %v, not %v", shape, c.want)
		}
		if !slices.Equal(values, slices.Concat(v.Text().Values[12:36], v.Text().Values)) {
			t.Errorf("shape %v: other numbers", c.shape)
		}
	}
}

func TestArrayRefuses(t *testing.T) {
	ctx := pipetest.Context(t)
	v, null := vectors(t, ctx, 5, 12, "a"), vectors(t, ctx, 5, 12, "a", 4)
	defer v.Release()
	defer null.Release()
	for _, c := range []struct {
		column string
		shape  []int
		in     batch.Vectors
		want   string
	}{
		{"embedding", nil, v, `no column "embedding"`},
		{batch.Caption, nil, v, `column "caption" is utf8, not fixed-size lists of float32`},
		{batch.TextEmbedding, []int{3, 5}, v, "rows of 12 numbers do not have the shape [3 5]"},
		{batch.TextEmbedding, nil, null, "text_embedding is null"},
	} {
		s := &sinks.Array[batch.Vectors]{Path: filepath.Join(t.TempDir(), "out.npy"), Column: c.column, Shape: c.shape}
		open(t, ctx, s)
		if err := s.Write(ctx, c.in); err == nil || !strings.HasSuffix(err.Error(), "out.npy: "+c.want) {
			t.Errorf("error %v, not %s", err, c.want)
		}
		if err := s.Abort(); err != nil {
			t.Error(err)
		}
	}
	long := &sinks.Array[batch.Vectors]{Path: filepath.Join(t.TempDir(), "out.npy"), Column: batch.TextEmbedding, Shape: make([]int, 40)}
	for i := range long.Shape {
		long.Shape[i] = 1
	}
	long.Shape[0] = 12
	open(t, ctx, long)
	if err := long.Write(ctx, v); err != nil {
		t.Fatal(err)
	}
	if err := long.Close(); err == nil || !strings.Contains(err.Error(), "too long for its header") {
		t.Errorf("a shape of 41 dimensions: %v", err)
	}
	if rest := tree(t, filepath.Dir(long.Path)); len(rest) > 0 {
		t.Errorf("left %v", rest)
	}
}

// A Close that fails halfway takes back what it has published.
func TestNpyTakesBack(t *testing.T) {
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 10, 3, "a")
	defer v.Release()
	for _, spoiled := range []string{"metadata/metadata_1.parquet", "img_emb/img_emb_0.npy", "text_emb/text_emb_2.npy"} {
		dir := t.TempDir()
		s := &sinks.Npy{Dir: dir, FileRows: 4}
		open(t, ctx, s)
		if err := s.Write(ctx, v); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, spoiled+".tmp")); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err == nil || !strings.Contains(err.Error(), spoiled+".tmp was replaced by another writer") {
			t.Errorf("without %s: %v", spoiled, err)
		}
		if left := tree(t, dir); len(left) > 0 {
			t.Errorf("without %s: left %v", spoiled, left)
		}
	}
}
