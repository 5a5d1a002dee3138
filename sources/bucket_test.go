package sources_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/internal/storetest"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
)

// upload puts the files below a directory under an address.
func upload(t *testing.T, dir, address string) {
	t.Helper()
	b, err := store.OpenBucket(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	to, _ := store.CutOptions(address)
	err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		below, _ := filepath.Rel(dir, path)
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return b.Put(t.Context(), store.Join(to, filepath.ToSlash(below)), f, info.Size(), false)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// rowsOf returns what a source gives, a line for each row, without what names the directory.
func rowsOf(t *testing.T, ctx context.Context, address, dir string) ([]string, error) {
	t.Helper()
	source, err := sources.Open(address)
	if err != nil {
		return nil, err
	}
	if err := source.(pipeline.Opener).Open(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	}()
	var all []string
	for {
		pairs, err := source.Read(ctx)
		if err == io.EOF {
			return all, nil
		}
		var bad pipeline.RowErrors
		if err != nil && !errors.As(err, &bad) {
			return all, err
		}
		alike := strings.NewReplacer(dir, "DIR", "no such file or directory", "no such object")
		for i := range int(pairs.NumRows()) {
			line := ""
			for _, column := range pairs.Columns() {
				value := column.ValueStr(i)
				if len(value) > 1000 { // a picture
					value = fmt.Sprintf("%d bytes %x", len(value), sha256.Sum256([]byte(value)))
				}
				line += alike.Replace(value) + " "
			}
			all = append(all, line)
		}
		for _, b := range bad {
			all = append(all, alike.Replace(b.Err.Error()))
		}
		pairs.Release()
	}
}

// What sources read from a bucket is what they read from a disk.
func TestSourcesInBuckets(t *testing.T) {
	dir := t.TempDir()
	makeDataSets(t, dir)
	for name, start := range map[string]func(t *testing.T) (dir, options string){
		"s3": func(t *testing.T) (string, string) {
			s := storetest.StartS3(t)
			return "s3://" + storetest.Bucket + "/data sets", s.Options()
		},
		"gs": func(t *testing.T) (string, string) { storetest.StartGS(t); return storetest.GSAddress("data sets"), "" },
	} {
		t.Run(name, func(t *testing.T) {
			there, options := start(t)
			upload(t, dir, there+options)
			ctx := pipetest.Context(t)
			for _, address := range []string{
				"DIR/folder", "dir:DIR/folder", "DIR/list/captions.tsv", "tar:DIR/shards", "tar:DIR/shards/*.tar",
				"tar:DIR/shards/{0..1}.tar", "DIR/shards", "DIR/parquet", "parquet:DIR/parquet/*.parquet", "DIR/parquet/0.parquet", "DIR/paths/pictures.parquet",
			} {
				want, err := rowsOf(t, ctx, strings.ReplaceAll(address, "DIR", dir), dir)
				if err != nil {
					t.Fatalf("%s: %v", address, err)
				}
				got, err := rowsOf(t, ctx, strings.ReplaceAll(address, "DIR", there)+options, there)
				if err != nil {
					t.Errorf("%s: %v", address, err)
				} else if !slices.Equal(got, want) {
					t.Errorf("%s: %d rows, not %d\n%.500s\n%.500s", address, len(got), len(want), got, want)
				}
			}
			for _, address := range []string{"dir:DIR/missing", "tar:DIR/missing/*.tar", "parquet:DIR/missing", "list:DIR/missing.tsv", "DIR/missing"} {
				_, err := rowsOf(t, ctx, strings.ReplaceAll(address, "DIR", there)+options, there)
				if err == nil || !strings.Contains(err.Error(), there) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%s: %v", address, err)
				}
			}
		})
	}
}

// makeDataSets makes a folder, a list, shards and Parquet files of the same pictures.
func makeDataSets(t *testing.T, dir string) {
	t.Helper()
	for _, sub := range []string{"folder/b", "list", "shards", "parquet"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	write := func(path, content string) {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	list := "image\tcaption\turl\n"
	for i := range 40 {
		name := fmt.Sprintf("b/img%d.png", i)
		picture := strings.Repeat(name, 1000*(i%7)+1)
		write("folder/"+name, picture)
		if i%5 > 0 {
			write(strings.TrimSuffix("folder/"+name, "png")+"txt", fmt.Sprint("caption ", i))
		}
		list += fmt.Sprintf("../folder/%s\tcaption %d\thttp://host/%d\n", name, i, i)
	}
	write("list/captions.tsv", strings.ReplaceAll(list, "../folder/", ""))
	if err := os.CopyFS(filepath.Join(dir, "list"), os.DirFS(filepath.Join(dir, "folder"))); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "paths/b"), os.DirFS(filepath.Join(dir, "folder/b"))); err != nil {
		t.Fatal(err)
	}
	writePaths(t, filepath.Join(dir, "paths/pictures.parquet"))
	for i := range 2 {
		var members []string
		for j := range 20 {
			members = append(members, fmt.Sprintf("%d-%d.png=%s", i, j, strings.Repeat("picture", 3000*j)), fmt.Sprintf("%d-%d.txt=caption %d", i, j, j))
		}
		write(fmt.Sprintf("shards/%d.tar", i), tarOf(t, members...))
		if err := os.Rename(writeParquet(t, 50, 30_000, 20, compress.Codecs.Zstd), filepath.Join(dir, "parquet", fmt.Sprint(i, ".parquet"))); err != nil {
			t.Fatal(err)
		}
	}
}

// writePaths makes a Parquet file of two row groups, most of whose pictures are in files beside it.
func writePaths(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	image := arrow.StructOf(arrow.Field{Name: "bytes", Type: arrow.BinaryTypes.Binary, Nullable: true},
		arrow.Field{Name: "path", Type: arrow.BinaryTypes.String, Nullable: true})
	schema := arrow.NewSchema([]arrow.Field{{Name: "image", Type: image}, {Name: "caption", Type: arrow.BinaryTypes.String}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	pictures, captions := b.Field(0).(*array.StructBuilder), b.Field(1).(*array.StringBuilder)
	w, err := pqarrow.NewFileWriter(schema, file, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	for i := range 45 {
		pictures.Append(true)
		pictures.FieldBuilder(1).(*array.StringBuilder).Append(fmt.Sprintf("b/img%d.png", i)) // of which there are 40
		if i%4 == 0 {
			pictures.FieldBuilder(0).(*array.BinaryBuilder).Append(bytes.Repeat([]byte{byte(i)}, 2000))
		} else {
			pictures.FieldBuilder(0).AppendNull()
		}
		captions.Append(strings.Repeat("caption", i%6))
		if i == 20 || i == 44 {
			record := b.NewRecord()
			err = errors.Join(err, w.Write(record))
			record.Release()
		}
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
}

// A server that stops in the middle ends the run: nothing that could not be read is taken for a bad row.
func TestFaultsAreNotBadRows(t *testing.T) {
	dir := t.TempDir()
	makeDataSets(t, dir)
	server := storetest.StartS3(t)
	upload(t, dir, server.Address("d"))
	for _, address := range []string{"s3://pairs/d/folder", "s3://pairs/d/list/captions.tsv", "tar:s3://pairs/d/shards", "s3://pairs/d/parquet", "s3://pairs/d/paths/pictures.parquet"} {
		var n atomic.Int64 // a request that was given up may still be counted while the rows are looked at
		server.Faults.Set(func(r *http.Request) storetest.Fault {
			if r.Method == http.MethodGet && !r.URL.Query().Has("list-type") {
				n.Add(1)
			}
			if n.Load() > 4 {
				return storetest.Drop
			}
			return storetest.None
		})
		rows, err := rowsOf(t, t.Context(), address+server.Options(), dir)
		if n.Load() <= 4 {
			continue // it was read by few requests
		}
		if err == nil || !strings.Contains(err.Error(), "EOF") && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %d rows, %v", address, len(rows), err)
		}
	}
}
