package sources

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/sources/internal/parquetfile"
)

// A dataFile is a file that a path stands for.
type dataFile struct {
	lane string // its path relative to the base, with slashes
	path string
	size int64
}

// dataDir returns the directory that a path names: itself, the one that a file is in, or the one above the first
// wildcard.
func dataDir(ctx context.Context, s store.Store, pattern string) (string, error) {
	info, err := s.Stat(ctx, pattern)
	switch meta := strings.IndexAny(pattern, "*?[{"); {
	case err == nil && info.IsDir():
		return pattern, nil
	case err == nil:
		return store.Dir(pattern), nil
	case meta >= 0:
		return store.Dir(pattern[:meta] + "x"), nil
	}
	return "", pathError(pattern, err)
}

// parquetFiles returns what a path stands for, in natural order: a file, all .parquet files below a directory, or what
// matches wildcards and braces.
func parquetFiles(ctx context.Context, s store.Store, pattern string) (base string, files []dataFile, err error) {
	if base, err = dataDir(ctx, s, pattern); err != nil {
		return "", nil, err
	}
	paths := []string{pattern}
	if _, err := s.Stat(ctx, pattern); err != nil {
		if paths, err = wildcards(ctx, s, pattern); err != nil {
			return "", nil, err
		}
	}
	for _, path := range paths {
		err := s.WalkDir(ctx, path, func(below string, e fs.DirEntry, err error) error {
			named := below == path
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				return pathError(below, err)
			case e.IsDir() && hidden(e.Name()) && !named:
				return filepath.SkipDir // .cache, _delta_log
			case e.IsDir() || !named && !isParquet(below):
				return nil
			}
			f, err := newDataFile(ctx, s, base, below)
			files = append(files, f)
			return err
		})
		if err != nil {
			return "", nil, err
		}
	}
	slices.SortFunc(files, func(a, b dataFile) int { return natural(a.lane, b.lane) })
	files = slices.Compact(files)
	if len(files) == 0 {
		return "", nil, fmt.Errorf("%s: no .parquet files in it", pattern)
	}
	return base, files, nil
}

// wildcards returns what a pattern with wildcards and braces matches.
func wildcards(ctx context.Context, s store.Store, pattern string) ([]string, error) {
	patterns, err := braces(pattern)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, p := range patterns {
		found, err := s.Glob(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", p, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%q matches no file", p)
		}
		paths = append(paths, found...)
	}
	return paths, nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") }

func isParquet(path string) bool {
	return strings.EqualFold(filepath.Ext(path), ".parquet") && !hidden(filepath.Base(path))
}

// newDataFile looks at a file, which a symbolic link may stand for.
func newDataFile(ctx context.Context, s store.Store, base, path string) (dataFile, error) {
	info, err := s.Stat(ctx, path)
	if err != nil {
		return dataFile{}, pathError(path, err)
	}
	if !info.Mode().IsRegular() {
		return dataFile{}, fmt.Errorf("%q is not a regular file", path)
	}
	lane, err := store.Rel(base, path)
	if err != nil {
		return dataFile{}, err
	}
	return dataFile{lane, path, info.Size()}, checkName(lane)
}

// openParquet opens a file and reads its footer.
func openParquet(ctx context.Context, s store.Store, d dataFile) (*parquetfile.File, error) {
	f, err := s.Open(ctx, d.path)
	if err != nil {
		return nil, pathError(d.path, err)
	}
	return parquetfile.Open(d.path, namedFile{f}, d.size)
}

// A namedFile names itself in its errors.
type namedFile struct{ store.File }

func (f namedFile) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.File.ReadAt(p, at)
	if err != nil && err != io.EOF {
		err = pathError(f.Name(), err)
	}
	return n, err
}
