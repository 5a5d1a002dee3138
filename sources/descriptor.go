package sources

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"unicode/utf8"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/sources/internal/parquetfile"
)

// A Shard is a piece of a data set that can be read by itself: a row group of a Parquet file, or a tar file, which the
// file's name tells. As JSON it is a descriptor: a message that says what is to be read.
type Shard struct {
	File     string `json:"file"`      // relative to the directory of the data set, with slashes
	RowGroup int    `json:"row_group"` // from 0; 0 of a tar file
	FirstRow int64  `json:"first_row"` // of the row group in its file
	Rows     int64  `json:"rows"`      // of the row group
	Bytes    int64  `json:"bytes"`     // in the file
}

// A Sharder is a source that can be read in pieces.
type Sharder interface {
	// Shards lists the pieces in order. Where some cannot be had it returns the others, and an error that joins why.
	Shards(ctx context.Context) ([]Shard, error)
}

// Lane is the lane of a shard's rows, whose offsets are those that they have in their file.
func (s Shard) Lane() string {
	if isShard(s.File) {
		return s.File
	}
	return fmt.Sprintf("%s#%d", s.File, s.RowGroup)
}

// parseShard reads a descriptor.
func parseShard(text []byte) (s Shard, err error) {
	if text == nil {
		return s, errors.New("the value is null: a tombstone is no descriptor")
	}
	if !utf8.Valid(text) {
		return s, errors.New("the descriptor is not UTF-8")
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("the descriptor: %w", err)
	}
	switch {
	case s.File == "":
		return s, errors.New(`the descriptor has no "file"`)
	case s.RowGroup < 0 || s.FirstRow < 0 || s.Rows < 0 || s.Bytes < 0:
		return s, errors.New("the descriptor has numbers below zero")
	}
	if err := checkName(s.File); err != nil {
		return s, err
	}
	return s, s.checkLocal()
}

func (s Shard) checkLocal() error {
	if !filepath.IsLocal(filepath.FromSlash(s.File)) {
		return fmt.Errorf("%q is not below the directory of the data set", s.File)
	}
	return nil
}

// find returns the directory that a path names, and the file that the row group is in.
func (s Shard) find(ctx context.Context, from store.Store, pattern string) (base string, files []dataFile, err error) {
	if base, err = dataDir(ctx, from, pattern); err != nil {
		return "", nil, err
	}
	if err := s.checkLocal(); err != nil {
		return "", nil, err
	}
	f, err := newDataFile(ctx, from, base, store.Join(base, s.File))
	return base, []dataFile{f}, err
}

// check returns an error unless the file has the row group.
func (s Shard) check(f *parquetfile.File) error {
	if s.RowGroup < 0 || s.RowGroup >= f.Groups() || f.First(s.RowGroup) != s.FirstRow || f.First(s.RowGroup+1)-s.FirstRow != s.Rows {
		return fmt.Errorf("%s: row group %d is not the one of %d rows from row %d on that the shard is said to be", f.Name, s.RowGroup, s.Rows, s.FirstRow)
	}
	return nil
}

// Shards lists the row groups of all files. It reads the footers only.
func (p *Parquet) Shards(ctx context.Context) ([]Shard, error) {
	from, path, err := store.Open(ctx, p.Path)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	_, files, err := parquetFiles(ctx, from, path)
	if err != nil {
		return nil, err
	}
	var shards []Shard
	var errs []error
	for _, d := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := openParquet(ctx, from, d)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for i := range f.Groups() {
			s := Shard{File: d.lane, RowGroup: i, FirstRow: f.First(i), Rows: f.First(i+1) - f.First(i), Bytes: f.GroupSize(i)}
			if s.Rows > 0 {
				shards = append(shards, s)
			}
		}
		f.Close()
	}
	return shards, errors.Join(errs...)
}

// Shards lists the tar files, all of which must be below the directory that the first pattern names.
func (t *Tar) Shards(ctx context.Context) ([]Shard, error) {
	found, err := expandAll(ctx, t.Paths)
	if err != nil {
		return nil, err
	}
	pattern, _ := store.CutOptions(t.Paths[0])
	base, err := dataDir(ctx, found[0].store, pattern)
	if err != nil {
		return nil, err
	}
	var shards []Shard
	for _, f := range found {
		size, err := f.size(ctx)
		if err == nil {
			err = f.store.Close()
		}
		if err != nil {
			return nil, err
		}
		file, err := store.Rel(base, f.path)
		if err != nil {
			return nil, err
		}
		s := Shard{File: file, Bytes: size}
		if err := s.checkLocal(); err != nil {
			return nil, err
		}
		shards = append(shards, s)
	}
	return shards, nil
}
