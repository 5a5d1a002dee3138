package sources

import (
	"context"
	"fmt"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// A Tar reads WebDataset shards: tar files, gzipped or not, whose members of one name in a row, but for the extensions,
// are a sample. The name up to the first dot of its last part is the key, and the id of a pair. Its picture is the
// member .jpg, .png, .jpeg, .webp or .gif, the first of these that it has; its caption the .txt, or else what caption,
// title, text or txt in the .json says. A sample without picture or caption is a bad row; a shard that is cut off or
// corrupt ends the run. Passed over are all other members, names that begin with a dot, and such as __meta__.
//
// Keys that come again begin another sample, and so does an extension that the sample has already: as open_clip reads
// shards. A .txt or .json has at most 1 MiB.
type Tar struct {
	// Paths are shards, directories of shards, or patterns with wildcards and braces: "laion/{00000..00099}.tar".
	Paths []string

	// Dir is what the names of lanes are relative to, with slashes. Where it is empty they are the shards' paths.
	Dir string

	// Resume asks the sink up to where it has stored a lane, when its shard is opened. Samples before that are passed
	// over.
	Resume func(ctx context.Context, lane string) (next int64, ok bool, err error)

	Limits Limits

	collector *collector
	rows      *tarRows
	gauge     gauge
}

// Open finds the shards and reads the first sample, whose .json says which columns ride along.
func (t *Tar) Open(ctx context.Context) error {
	shards, err := expandAll(ctx, t.Paths)
	if err != nil {
		return err
	}
	total := int64(0)
	for _, s := range shards {
		size, err := s.size(ctx)
		if err != nil {
			return err
		}
		total += size
	}
	t.gauge.reset(total)
	t.rows = &tarRows{source: t, shards: shards, gauge: &t.gauge}
	t.rows.sample.limit = t.Limits.orDefault().Picture
	if err := t.rows.open(ctx); err != nil {
		_ = t.rows.close() // err says more
		return err
	}
	t.collector = collect(t.Limits, t.rows.further.names, t.rows.next)
	return nil
}

// size returns the bytes of a shard.
func (s shardFile) size(ctx context.Context) (int64, error) {
	path := s.path
	info, err := s.store.Stat(ctx, path)
	if err != nil {
		return 0, pathError(path, err)
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%q is not a regular file", path)
	}
	if info.Size() == 0 {
		return 0, emptyFile(path)
	}
	return info.Size(), nil
}

// Read returns the next pairs.
func (t *Tar) Read(ctx context.Context) (batch.Pairs, error) { return t.collector.read(ctx) }

// Close closes the shard that is open.
func (t *Tar) Close() error {
	if t.rows == nil {
		return nil
	}
	return t.rows.close()
}

// Progress returns the share of the shards' bytes that has been read.
func (t *Tar) Progress() float64 { return t.gauge.Progress() }
