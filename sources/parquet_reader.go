package sources

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources/internal/parquetfile"
)

// A parquetReader goes from file to file and from row group to row group.
type parquetReader struct {
	source *Parquet // for its settings
	from   store.Store
	files  []dataFile
	rows   parquetRows

	now      dataFile
	first    int64             // the first offset that is wanted of its lane
	file     *parquetfile.File // nil between two
	leaves   leaves
	groups   []int // that have not been opened
	index    int   // of the group that was opened last
	isOpen   bool
	finished int64 // bytes of the files before
	failed   error // what comes in place of a batch
}

// choose lets the first file that can be read say which columns are what.
func (r *parquetReader) choose(ctx context.Context) error {
	var first error
	for _, d := range r.files {
		err := r.chooseBy(ctx, d)
		if err == nil || !r.maySkip(err) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (r *parquetReader) chooseBy(ctx context.Context, d dataFile) error {
	f, err := openParquet(ctx, r.from, d)
	if err != nil {
		return err
	}
	defer f.Close()
	fields, err := f.Fields()
	if err != nil {
		return err
	}
	if r.rows.roles, err = r.source.choose(fields); err != nil {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	return nil
}

// maySkip reports whether an error is of a part of a file that may be left out.
func (r *parquetReader) maySkip(err error) bool {
	var corrupt *parquetfile.CorruptError
	return r.source.SkipCorrupt && errors.As(err, &corrupt)
}

// read returns the next batch.
func (r *parquetReader) read(ctx context.Context) (batch.Pairs, error) {
	for r.failed == nil {
		if err := ctx.Err(); err != nil {
			return batch.Pairs{}, err
		}
		if r.isOpen && r.rows.more() {
			var pairs batch.Pairs
			var bad error
			r.failed = r.decode(func() (err error) {
				pairs, bad, err = r.rows.batch(ctx)
				return err
			})
			if r.rows.failed != nil && ctx.Err() != nil {
				r.failed, r.rows.failed = nil, nil // it can be called again
			}
			if pairs.Record != nil {
				return pairs, bad
			}
		} else {
			r.failed = r.advance(ctx)
		}
	}
	if r.maySkip(r.failed) {
		return r.lose(ctx)
	}
	return batch.Pairs{}, r.failed
}

// decode calls what reads the row group that was opened last.
func (r *parquetReader) decode(read func() error) error {
	err := r.file.Decode(fmt.Sprintf("row group %d", r.index), read)
	if failed := r.rows.failed; failed != nil {
		return failed // nothing is corrupt
	}
	return err
}

// advance goes on to the next strip, group or file; io.EOF after the last.
func (r *parquetReader) advance(ctx context.Context) error {
	g := &r.rows.group
	switch {
	case r.file == nil:
		return r.nextFile(ctx)
	case r.isOpen && g.row < g.end:
		share := float64(g.row) / float64(r.file.Rows())
		r.source.gauge.read.Store(r.finished + int64(share*float64(r.now.size)))
		return r.decode(func() error { return r.rows.nextStrip(ctx) })
	case len(r.groups) > 0:
		r.index, r.groups = r.groups[0], r.groups[1:]
		r.isOpen = true
		return r.decode(func() error { return r.rows.open(r.file, r.leaves, r.index) })
	}
	r.closeFile()
	r.finish()
	return nil
}

// finish counts the file that is now as read.
func (r *parquetReader) finish() {
	r.finished += r.now.size
	r.source.gauge.read.Store(r.finished)
}

// nextFile opens the next file.
func (r *parquetReader) nextFile(ctx context.Context) error {
	if len(r.files) == 0 {
		return io.EOF
	}
	r.now, r.files = r.files[0], r.files[1:]
	r.first = 0
	if r.source.Resume != nil {
		next, ok, err := r.source.Resume(ctx, r.lane())
		if err != nil {
			return fmt.Errorf("resume %s: %w", r.lane(), err)
		}
		if ok {
			r.first = next
		}
	}
	f, err := openParquet(ctx, r.from, r.now)
	if err != nil {
		return err
	}
	if err := r.begin(f); err != nil {
		f.Close()
		return err
	}
	r.file = f
	r.rows.file(r.now.lane, r.lane(), r.first)
	return nil
}

// begin finds the columns and row groups of a file.
func (r *parquetReader) begin(f *parquetfile.File) error {
	fields, err := f.Fields()
	if err != nil {
		return err
	}
	if r.leaves, err = r.rows.roles.find(fields); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	r.groups, err = r.wanted(f)
	return err
}

// lane names where rows come from: the file, or the one row group of it that is read.
func (r *parquetReader) lane() string {
	if s := r.source.Shard; s != nil {
		return s.Lane()
	}
	return r.now.lane
}

// wanted returns the groups that have rows that are wanted.
func (r *parquetReader) wanted(f *parquetfile.File) ([]int, error) {
	scale := r.rows.scale()
	if r.first < 0 || r.first > f.Rows()*scale {
		return nil, fmt.Errorf("%s: it has %d rows, and cannot be resumed at offset %d", f.Name, f.Rows(), r.first)
	}
	if s := r.source.Shard; s != nil {
		if err := s.check(f); err != nil || f.First(s.RowGroup+1)*scale <= r.first {
			return nil, err
		}
		return []int{s.RowGroup}, nil
	}
	var groups []int
	for i := range f.Groups() {
		if f.First(i) < f.First(i+1) && f.First(i+1)*scale > r.first {
			groups = append(groups, i)
		}
	}
	return groups, nil
}

// lose gives one bad row for the rows that are lost by what failed, and goes on behind them: with the next row group, or
// with the next file where it is the footer.
func (r *parquetReader) lose(ctx context.Context) (batch.Pairs, error) {
	id, offset, err := r.now.lane, r.first, r.failed
	if r.file == nil {
		r.finish()
	} else {
		id = fmt.Sprintf("%s#%d", id, r.index)
		offset = r.file.First(r.index+1)*r.rows.scale() - 1 // the last: what has been stored up to it is complete
		err = fmt.Errorf("%w: the rows from %d on are lost", err, r.rows.row())
	}
	r.failed, r.isOpen = nil, false
	r.rows.group.strip.release()
	return r.rows.lost(ctx, r.lane(), offset, id, err)
}

func (r *parquetReader) closeFile() {
	if r.file != nil {
		r.file.Close()
	}
	r.file, r.isOpen = nil, false
	r.rows.group.strip.release()
}

func (r *parquetReader) close() error {
	r.closeFile()
	r.rows.close()
	r.rows.group.free()
	return errors.Join(r.rows.root.Close(), r.from.Close())
}
