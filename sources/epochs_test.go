package sources_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/sources/scenes"
)

// unindexed hides that a source is Indexed.
type unindexed struct{ *sources.Slice }

func (unindexed) Index(context.Context) (sources.Index, error) { return nil, errors.ErrUnsupported }

func numbered(n int) *sources.Slice {
	s := &sources.Slice{}
	for i := range n {
		s.Pairs = append(s.Pairs, sources.Pair{ID: fmt.Sprint(i), Image: []byte{1, byte(i)}, Caption: fmt.Sprint("caption ", i)})
	}
	s.Limits.Rows = 3
	return s
}

// both calls test for a source that is shuffled as a whole, and one that is not.
func both(t *testing.T, test func(t *testing.T, source pipeline.Source[batch.Pairs])) {
	t.Run("indexed", func(t *testing.T) { test(t, numbered(50)) })
	t.Run("held", func(t *testing.T) { test(t, unindexed{numbered(50)}) })
}

func TestEpochsConform(t *testing.T) {
	both(t, func(t *testing.T, source pipeline.Source[batch.Pairs]) {
		pipetest.TestSource(t, func() pipeline.Source[batch.Pairs] {
			return &sources.Epochs{Source: source, Count: 3, Seed: 5, Hold: 10}
		})
	})
}

// readRows reads a source of training data to its end: "epoch/row id" of each row.
func readEpochs(t *testing.T, s *sources.Epochs) []string {
	t.Helper()
	ctx := pipetest.Context(t)
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var rows []string
	for {
		b, err := s.Read(ctx)
		if errors.Is(err, io.EOF) {
			return rows
		}
		var bad pipeline.RowErrors
		if err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		places, err := b.Places()
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range places {
			if p.Epoch != places[0].Epoch {
				t.Errorf("a batch has rows of epochs %d and %d", places[0].Epoch, p.Epoch)
			}
			id, _ := b.Label(int64(i))
			rows = append(rows, fmt.Sprintf("%d/%d %s", p.Epoch, p.Row, id))
		}
		b.Release()
	}
}

func TestEveryEpochHasEveryRowInAnotherOrder(t *testing.T) {
	both(t, func(t *testing.T, source pipeline.Source[batch.Pairs]) {
		s := &sources.Epochs{Source: source, Count: 3, Seed: 5, Hold: 20}
		rows := readEpochs(t, s)
		if len(rows) != 150 || !s.Ended() {
			t.Fatalf("%d rows, ended %t: want 150", len(rows), s.Ended())
		}
		var orders []string
		for e := range 3 {
			seen := map[string]bool{}
			order := ""
			for i, row := range rows[e*50 : (e+1)*50] {
				place, id, _ := strings.Cut(row, " ")
				if place != fmt.Sprintf("%d/%d", e, i) {
					t.Fatalf("row %s is number %d of epoch %d", row, i, e)
				}
				seen[id] = true
				order += id + " "
			}
			if len(seen) != 50 || slices.Contains(orders, order) {
				t.Errorf("epoch %d has %d different rows, in order %s", e, len(seen), order)
			}
			orders = append(orders, order)
		}
		if again := readEpochs(t, &sources.Epochs{Source: source, Count: 3, Seed: 5, Hold: 20}); !slices.Equal(rows, again) {
			t.Error("the same seed gives another order")
		}
		if other := readEpochs(t, &sources.Epochs{Source: source, Count: 3, Seed: 6, Hold: 20}); slices.Equal(rows, other) {
			t.Error("another seed gives the same order")
		}
	})
}

func TestEpochsGoOnAnywhere(t *testing.T) {
	both(t, func(t *testing.T, source pipeline.Source[batch.Pairs]) {
		_, others := sources.HeldOut(0.2, 1)
		whole := readEpochs(t, &sources.Epochs{Source: source, Count: 2, Only: others, Hold: 7})
		perEpoch := len(whole) / 2
		for at := range whole {
			start := batch.Place{Epoch: int64(at / perEpoch), Row: int64(at % perEpoch)}
			rest := readEpochs(t, &sources.Epochs{Source: source, Count: 2, Only: others, Hold: 7, Start: start})
			if !slices.Equal(rest, whole[at:]) {
				t.Fatalf("from row %d on: %v, want %v", at, rest, whole[at:])
			}
		}
		if rest := readEpochs(t, &sources.Epochs{Source: source, Count: 2, Start: batch.Place{Epoch: 2}}); len(rest) != 0 {
			t.Errorf("behind the end: %v", rest)
		}
	})
}

// TestHeldOut divides a source in two, and counts either part.
func TestHeldOut(t *testing.T) {
	both(t, func(t *testing.T, source pipeline.Source[batch.Pairs]) {
		held, others := sources.HeldOut(0.3, 9)
		var ids []string
		for _, only := range []func(int64) bool{held, others} {
			rows := readEpochs(t, &sources.Epochs{Source: source, Only: only})
			n, err := sources.Count(pipetest.Context(t), source, only)
			if err != nil || n != int64(len(rows)) || n == 0 {
				t.Errorf("counted %d, %v: read %d", n, err, len(rows))
			}
			for _, row := range rows {
				ids = append(ids, strings.Fields(row)[1])
			}
		}
		slices.Sort(ids)
		if len(ids) != 50 || len(slices.Compact(ids)) != 50 {
			t.Errorf("the parts have %d rows together", len(ids))
		}
	})
}

// TestIndexedLikeRead compares what the indexes of all sources that have one give with what Read gives, bad rows
// included.
func TestIndexedLikeRead(t *testing.T) {
	picture, err := scenes.New(1, 1).PNG(16)
	if err != nil {
		t.Fatal(err)
	}
	p := string(picture)
	folder := write(t, map[string]string{"a.png": p, "a.txt": "a caption", "b.png": p, "c/d.png": p, "c/d.txt": "another"})
	listed := write(t, map[string]string{"p0.png": p, "p2.png": p,
		"captions.tsv": "file\tcaption\tlicense\np0.png\tone\tx\nnone.png\ttwo\ty\nbroken\np2.png\tthree\tz\n"})
	for name, source := range map[string]sources.Indexed{
		"folder":      &sources.Folder{Path: folder},
		"folder list": &sources.Folder{Path: listed},
		"list":        &sources.List{Path: filepath.Join(listed, "captions.tsv")},
		"scenes":      &sources.Scenes{N: 4, Size: 16},
		"slice":       numbered(4),
	} {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			want := readLabels(t, ctx, source)
			index, err := source.Index(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer index.Close()
			if index.Len() != int64(len(want)) {
				t.Fatalf("%d rows, Read gives %d", index.Len(), len(want))
			}
			for i := index.Len() - 1; i >= 0; i-- {
				b, err := index.Rows(ctx, []int64{i})
				if got := labels(b, err); len(got) != 1 || got[0] != want[i] {
					t.Errorf("row %d is %v, Read gives %s", i, got, want[i])
				}
				b.Release()
			}
		})
	}
}

func readLabels(t *testing.T, ctx context.Context, source sources.Indexed) []string {
	t.Helper()
	if err := source.(pipeline.Opener).Open(ctx); err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	var all []string
	for {
		b, err := source.Read(ctx)
		if errors.Is(err, io.EOF) {
			return all
		}
		all = append(all, labels(b, err)...)
		b.Release()
	}
}

// labels tells all about the rows of a batch.
func labels(b batch.Pairs, err error) []string {
	var bad pipeline.RowErrors
	errors.As(err, &bad)
	var all []string
	for i := range b.NumRows() {
		id, origin := b.Label(i)
		caption, _ := b.Caption(int(i))
		label := fmt.Sprintf("%s from %s: %x %q", id, origin, b.Picture(int(i)), caption)
		for c := 5; c < int(b.NumCols()); c++ {
			label += " " + b.Column(c).ValueStr(int(i))
		}
		for _, r := range bad {
			if r.Row == i {
				label += " " + r.Err.Error()
			}
		}
		all = append(all, label)
	}
	return all
}

func TestEpochsErrors(t *testing.T) {
	ctx := pipetest.Context(t)
	for _, s := range []*sources.Epochs{
		{Source: numbered(3), Count: -1},
		{Source: numbered(3), Start: batch.Place{Row: -1}},
		{Source: &sources.List{Path: filepath.Join(t.TempDir(), "none.tsv")}},
		{Source: &sources.Scenes{N: 3, Format: "bmp"}},
	} {
		if err := s.Open(ctx); err == nil {
			t.Errorf("%+v: no error", s)
		}
	}
}
