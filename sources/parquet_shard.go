package sources

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/pairstream/pairstream/sources/internal/parquetfile"
)

// A ParquetShard is a row group: a piece of a data set that can be read by itself.
type ParquetShard struct {
	File     string `json:"file"`      // relative to the directory in the source's Path, with slashes
	RowGroup int    `json:"row_group"` // from 0
	FirstRow int64  `json:"first_row"` // of the file
	Rows     int64  `json:"rows"`
	Bytes    int64  `json:"bytes"` // in the file
}

// Lane is the lane of a shard's rows, whose offsets are those that they have in their file.
func (s ParquetShard) Lane() string { return fmt.Sprintf("%s#%d", s.File, s.RowGroup) }

// Shards lists the row groups of all files, in order. It reads the footers only. Where some cannot be read it returns
// the shards of the others, and an error that joins theirs.
func (p *Parquet) Shards(ctx context.Context) ([]ParquetShard, error) {
	_, files, err := parquetFiles(ctx, p.Path)
	if err != nil {
		return nil, err
	}
	var shards []ParquetShard
	var errs []error
	for _, d := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f, err := openParquet(d)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		shards = appendShards(shards, f, d.lane)
		f.Close()
	}
	return shards, errors.Join(errs...)
}

func appendShards(shards []ParquetShard, f *parquetfile.File, lane string) []ParquetShard {
	for i := range f.Groups() {
		s := ParquetShard{File: lane, RowGroup: i, FirstRow: f.First(i), Rows: f.First(i+1) - f.First(i), Bytes: f.GroupSize(i)}
		if s.Rows > 0 {
			shards = append(shards, s)
		}
	}
	return shards
}

// find returns the directory that a path names, and the file that the shard is in.
func (s *ParquetShard) find(pattern string) (base string, files []dataFile, err error) {
	if base, err = parquetBase(pattern); err != nil {
		return "", nil, err
	}
	name := filepath.FromSlash(s.File)
	if !filepath.IsLocal(name) {
		return "", nil, fmt.Errorf("shard %q is not of a file below %s", s.Lane(), base)
	}
	f, err := newDataFile(base, filepath.Join(base, name))
	return base, []dataFile{f}, err
}

// check returns an error unless the file has the shard.
func (s *ParquetShard) check(f *parquetfile.File) error {
	if s.RowGroup < 0 || s.RowGroup >= f.Groups() || f.First(s.RowGroup) != s.FirstRow || f.First(s.RowGroup+1)-s.FirstRow != s.Rows {
		return fmt.Errorf("%s: row group %d is not the one of %d rows from row %d on that the shard is said to be", f.Name, s.RowGroup, s.Rows, s.FirstRow)
	}
	return nil
}
