package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/pairstream/pairstream/internal/store"
)

// tarRows gives the samples of shards as rows.
type tarRows struct {
	source  *Tar        // for its settings
	shards  []shardFile // that have not been opened
	shard   *shard      // nil between two
	lane    string      // the shard's
	from    int64       // the first sample that is wanted of it
	sample  sample
	ready   bool     // the sample is yet to be given
	keys    []string // of the first sample's .json
	further further  // among keys
	gauge   *gauge
}

// open reads the first sample.
func (t *tarRows) open(ctx context.Context) error {
	err := t.read(ctx)
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	t.ready = true
	if !t.sample.has("json") {
		return nil
	}
	object, err := t.sample.object()
	if err == nil {
		t.keys, err = objectKeys(object)
	}
	if err == nil {
		t.further, err = furtherOf(t.keys, guess(t.keys, captionNames))
	}
	if err != nil {
		return fmt.Errorf("%s: %s.json: %w", t.shard.path, t.sample.key, err)
	}
	return nil
}

// read reads the next sample, of the next shard where one is through.
func (t *tarRows) read(ctx context.Context) error {
	for {
		if t.shard == nil {
			if len(t.shards) == 0 {
				return io.EOF
			}
			shard, err := openShard(ctx, t.shards[0], t.gauge)
			if err != nil {
				return err
			}
			t.shard, t.shards = shard, t.shards[1:]
			if err := t.begin(ctx); err != nil {
				return err
			}
		}
		if err := t.shard.read(ctx, &t.sample); err != io.EOF {
			return err
		}
		if err := t.close(); err != nil {
			return err
		}
	}
}

// begin finds out what the shard's lane is called, and what is wanted of it.
func (t *tarRows) begin(ctx context.Context) error {
	t.lane, t.from = t.shard.path, 0
	if dir := t.source.Dir; dir != "" {
		var err error
		if t.lane, err = store.Rel(dir, t.shard.path); err != nil {
			return err
		}
	}
	if t.source.Resume == nil {
		return nil
	}
	next, ok, err := t.source.Resume(ctx, t.lane)
	if err != nil {
		return fmt.Errorf("resume %s: %w", t.lane, err)
	}
	if ok {
		t.from = next
	}
	return nil
}

func (t *tarRows) close() error {
	if t.shard == nil {
		return nil
	}
	err := t.shard.close()
	t.shard = nil
	return err
}

func (t *tarRows) next(ctx context.Context) (pairRow, error) {
	for !t.ready || t.shard.samples <= t.from {
		if err := t.read(ctx); err != nil {
			return pairRow{}, err
		}
		t.ready = true
	}
	t.ready = false
	r := pairRow{lane: t.lane, offset: t.shard.samples - 1, id: t.sample.key}
	r.err = t.fill(&r)
	return r, nil
}

// fill makes a row of the sample, as far as it can.
func (t *tarRows) fill(r *pairRow) error {
	s := &t.sample
	if err := checkName(s.key); err != nil {
		return err
	}
	if s.err != nil {
		return s.err
	}
	if !s.hasPicture() {
		return errors.New("it has no picture")
	}
	if s.has("json") {
		if err := t.fillFromJSON(r); err != nil {
			return fmt.Errorf("%s.json: %w", s.key, err)
		}
	}
	if s.has("txt") {
		var err error
		if r.caption, err = captionOf(s.text.Bytes()); err != nil {
			return err
		}
	}
	if strings.TrimSpace(r.caption) == "" {
		return errNoCaption
	}
	r.image = s.picture.Bytes()
	return nil
}

// fillFromJSON takes the further columns from the sample's .json, and the caption where there is no .txt.
func (t *tarRows) fillFromJSON(r *pairRow) error {
	text, err := t.sample.object()
	if err != nil {
		return err
	}
	object, err := decodeObject(text)
	if err != nil {
		return err
	}
	r.further = t.further.cells(object.cells(nil, t.keys))
	if t.sample.has("txt") {
		return nil
	}
	keys := slices.Sorted(maps.Keys(object))
	if k := guess(keys, captionNames); k >= 0 {
		caption := cellOf(object[keys[k]])
		if caption.json {
			return fmt.Errorf("the caption is %s, not a string", short(caption.text))
		}
		r.caption = caption.text
	}
	return nil
}
