package sinks_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

func TestSinksKeepTheContract(t *testing.T) {
	for name, make := range map[string]func(t *testing.T) (pipeline.Sink[batch.Vectors], func() int64){
		"parquet": func(t *testing.T) (pipeline.Sink[batch.Vectors], func() int64) {
			path := filepath.Join(t.TempDir(), "out.parquet")
			s := &sinks.Parquet[batch.Vectors]{Path: path, GroupRows: 4}
			return s, func() int64 { return parquetRows(t, path) }
		},
		"parts": func(t *testing.T) (pipeline.Sink[batch.Vectors], func() int64) {
			dir := filepath.Join(t.TempDir(), "out")
			s := &sinks.Parts[batch.Vectors]{Dir: dir}
			return &everNew{Parts: s}, func() int64 {
				rows, _ := stored(t, dir)
				return int64(len(rows))
			}
		},
		"npy": func(t *testing.T) (pipeline.Sink[batch.Vectors], func() int64) {
			dir := filepath.Join(t.TempDir(), "out")
			return &sinks.Npy{Dir: dir, FileRows: 4}, func() int64 { return npyRows(t, dir) }
		},
		"array": func(t *testing.T) (pipeline.Sink[batch.Vectors], func() int64) {
			path := filepath.Join(t.TempDir(), "out.npy")
			s := &sinks.Array[batch.Vectors]{Path: path, Column: batch.TextEmbedding}
			return s, func() int64 { return arrayRows(t, path) }
		},
		"jsonl": func(t *testing.T) (pipeline.Sink[batch.Vectors], func() int64) {
			path := filepath.Join(t.TempDir(), "out.jsonl")
			return &sinks.JSONL[batch.Vectors]{Path: path}, func() int64 { return lines(t, path) }
		},
		"collect": func(t *testing.T) (pipeline.Sink[batch.Vectors], func() int64) {
			s := &sinks.Collect[batch.Vectors]{}
			return s, func() int64 {
				defer s.Release()
				return s.NumRows()
			}
		},
		"discard": func(t *testing.T) (pipeline.Sink[batch.Vectors], func() int64) {
			s := &sinks.Discard[batch.Vectors]{}
			return s, s.NumRows
		},
	} {
		t.Run(name, func(t *testing.T) {
			pipetest.TestSink(t, make, func(ctx context.Context) batch.Vectors { return vectors(t, ctx, 5, 3, "a") })
		})
	}
}

// everNew writes rows under new offsets, as rows that were stored are not stored again.
type everNew struct {
	*sinks.Parts[batch.Vectors]
	written int64
}

func (s *everNew) Write(ctx context.Context, in batch.Vectors) error {
	v := rowsAt(ctx, "a", upTo("a", s.written, s.written+in.NumRows())...)
	defer v.Release()
	s.written += in.NumRows()
	return s.Parts.Write(ctx, v)
}

// files are the sinks that move files to their places when they are closed.
var files = map[string]func(dir string) pipeline.Sink[batch.Vectors]{
	"parquet": func(dir string) pipeline.Sink[batch.Vectors] {
		return &sinks.Parquet[batch.Vectors]{Path: filepath.Join(dir, "out.parquet"), GroupRows: 64}
	},
	"npy": func(dir string) pipeline.Sink[batch.Vectors] { return &sinks.Npy{Dir: dir, FileRows: 100} },
	"array": func(dir string) pipeline.Sink[batch.Vectors] {
		return &sinks.Array[batch.Vectors]{Path: filepath.Join(dir, "out.npy"), Column: batch.ImageEmbedding}
	},
	"jsonl": func(dir string) pipeline.Sink[batch.Vectors] {
		return &sinks.JSONL[batch.Vectors]{Path: filepath.Join(dir, "out.jsonl")}
	},
}

func TestNothingIsThereBeforeClose(t *testing.T) {
	for name, make := range files {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			v := vectors(t, ctx, 150, 8, "a")
			defer v.Release()
			dir := t.TempDir()
			store(t, ctx, make(dir), v)
			before := map[string]string{}
			for _, file := range tree(t, dir) {
				before[file] = read(t, filepath.Join(dir, file))
			}
			s := make(dir)
			open(t, ctx, s)
			for range 2 {
				if err := s.Write(ctx, v); err != nil {
					t.Fatal(err)
				}
			}
			if n := s.(pipeline.Storer).Stored(); n != 0 {
				t.Errorf("%d writes stored before Close", n)
			}
			if err := s.(pipeline.Aborter).Abort(); err != nil {
				t.Fatal(err)
			}
			after := tree(t, dir)
			if len(after) != len(before) {
				t.Errorf("files %v after Abort, %d before", after, len(before))
			}
			for _, file := range after {
				if read(t, filepath.Join(dir, file)) != before[file] {
					t.Errorf("%s changed", file)
				}
			}
		})
	}
}

// Of two writers to one place the later wins, and neither publishes what the other has half written.
func TestTwoWritersOfOnePlace(t *testing.T) {
	for name, make := range files {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			v := vectors(t, ctx, 10, 8, "a")
			defer v.Release()
			dir := t.TempDir()
			first, second := make(dir), make(dir)
			for _, s := range []pipeline.Sink[batch.Vectors]{first, second} {
				open(t, ctx, s)
				if err := s.Write(ctx, v); err != nil {
					t.Fatal(err)
				}
			}
			if err := first.Close(); err == nil || !strings.Contains(err.Error(), ".tmp was replaced by another writer") {
				t.Errorf("close the first: %v", err)
			}
			if err := second.Close(); err != nil {
				t.Errorf("close the second: %v", err)
			}
			for _, file := range tree(t, dir) {
				if strings.HasSuffix(file, ".tmp") {
					t.Errorf("%s is left", file)
				}
			}
		})
	}
}

func TestOpenFails(t *testing.T) {
	for name, make := range files {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			inTheWay := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(inTheWay, nil, 0o666); err != nil {
				t.Fatal(err)
			}
			err := make(inTheWay).(pipeline.Opener).Open(ctx)
			if err == nil || !strings.Contains(err.Error(), inTheWay) || strings.Contains(err.Error(), "\n") {
				t.Errorf("open below a file: %v", err)
			}
			missing := filepath.Join(t.TempDir(), "missing")
			err = make(missing).(pipeline.Opener).Open(ctx)
			if name != "npy" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("open in a directory that is not there: %v", err)
			}
		})
	}
}

func TestFilesAreNotReplacedByOthers(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "out.parquet"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := files["parquet"](dir).(pipeline.Opener).Open(ctx); err == nil || !strings.Contains(err.Error(), "out.parquet is not a regular file") {
		t.Errorf("open a directory: %v", err)
	}
}

func TestLinksStayLinks(t *testing.T) {
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 2, 3, "a")
	defer v.Release()
	dir := t.TempDir()
	store(t, ctx, files["jsonl"](dir), v)
	link := filepath.Join(dir, "link.jsonl")
	if err := os.Symlink("out.jsonl", link); err != nil {
		t.Fatal(err)
	}
	store(t, ctx, pipeline.Sink[batch.Vectors](&sinks.JSONL[batch.Vectors]{Path: link}), v, v)
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info.Mode(), err)
	}
	if n := lines(t, filepath.Join(dir, "out.jsonl")); n != 4 {
		t.Errorf("%d lines behind the link", n)
	}
}
