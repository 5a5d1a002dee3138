package sources

import (
	"context"
	"io"
	"unicode/utf8"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// A Pair is a picture, as encoded in its file, with its caption.
type Pair struct {
	ID      string
	Image   []byte
	Caption string
}

// A Slice gives pairs that are in memory.
type Slice struct {
	Pairs  []Pair
	Limits Limits

	collector *collector
	gauge     gauge
}

// Open begins at the first pair.
func (s *Slice) Open(context.Context) error {
	s.gauge.reset(int64(len(s.Pairs)))
	i := 0
	s.collector = collect(s.Limits, nil, func(context.Context) (pairRow, error) {
		if i == len(s.Pairs) {
			return pairRow{}, io.EOF
		}
		r := s.row(int64(i))
		i++
		s.gauge.read.Add(1)
		return r, nil
	})
	return nil
}

// Index gives the pairs in any order.
func (s *Slice) Index(context.Context) (Index, error) {
	row := func(i int64) (task, error) { return task{row: s.row(i)}, nil }
	return newIndex(int64(len(s.Pairs)), s.Limits, nil, nil, row, s.Close), nil
}

func (s *Slice) row(i int64) pairRow {
	p := s.Pairs[i]
	r := pairRow{lane: "slice", offset: i, id: p.ID, image: p.Image, caption: p.Caption}
	if !utf8.ValidString(p.Caption) {
		r.err = errCaptionNotUTF8
	}
	return r
}

// Read returns the next pairs.
func (s *Slice) Read(ctx context.Context) (batch.Pairs, error) { return s.collector.read(ctx) }

// Close does nothing.
func (s *Slice) Close() error { return nil }

// Progress returns the share of the pairs that has been given.
func (s *Slice) Progress() float64 { return s.gauge.Progress() }
