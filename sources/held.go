package sources

import (
	"context"
	"io"
	"math/rand/v2"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// maxHeld bounds the bytes of held rows.
const maxHeld = 512 << 20

// held shuffles the rows of a source by holding some of them.
type held struct {
	from   *stream // nil where none is open
	random *rand.Rand
	only   func(row int64) bool
	most   int
	rows   []streamed
	bytes  int64
	number int64 // of the next row of the source
	ended  bool
}

func (h *held) open(ctx context.Context, source pipeline.Source[batch.Pairs], random *rand.Rand, only func(int64) bool, most int) error {
	from, err := newStream(ctx, source)
	if err != nil {
		return err
	}
	*h = held{from: from, random: random, only: only, most: most}
	return nil
}

// draw gives away one of the held rows, io.EOF after the last.
func (h *held) draw(ctx context.Context) (streamed, error) {
	for !h.ended && len(h.rows) < h.most && (h.bytes < maxHeld || len(h.rows) == 0) {
		if err := h.take(ctx); err == io.EOF {
			h.ended = true
		} else if err != nil {
			return streamed{}, err
		}
	}
	if len(h.rows) == 0 {
		return streamed{}, io.EOF
	}
	i, last := h.random.IntN(len(h.rows)), len(h.rows)-1
	row := h.rows[i]
	h.rows[i] = h.rows[last]
	h.rows = h.rows[:last]
	h.bytes -= row.pair.Bytes()
	return row, nil
}

// take holds the next row, unless it is to be left out.
func (h *held) take(ctx context.Context) error {
	row, err := h.from.next(ctx)
	if err != nil {
		return err
	}
	defer row.pair.Release()
	h.number++
	if h.only != nil && !h.only(h.number-1) {
		return nil
	}
	own, err := row.pair.Copied(ctx)
	if err != nil {
		return err
	}
	h.rows = append(h.rows, streamed{own, row.err})
	h.bytes += own.Bytes()
	return nil
}

// read gives a batch of at most n held rows.
func (h *held) read(ctx context.Context, n int) (batch.Pairs, error) {
	var rows []batch.Pairs
	var bad pipeline.RowErrors
	defer func() {
		for _, r := range rows {
			r.Release()
		}
	}()
	for len(rows) < n {
		row, err := h.draw(ctx)
		if err == io.EOF && len(rows) > 0 {
			break
		}
		if err != nil {
			return batch.Pairs{}, err
		}
		if row.err != nil {
			bad = append(bad, pipeline.RowError{Row: int64(len(rows)), Err: row.err})
		}
		rows = append(rows, row.pair)
	}
	all, err := rows[0].Concat(ctx, rows[1:])
	if err != nil {
		return all, err
	}
	return all, bad.OrNil()
}

func (h *held) close() error {
	if h.from == nil {
		return nil
	}
	for _, row := range h.rows {
		row.pair.Release()
	}
	from := h.from
	*h = held{}
	return from.close()
}
