package sinks_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

type vectorParts = sinks.Parts[batch.Vectors]

// onePart is a size by which every write becomes a part.
const onePart = 1

// unlimited is a size that no test writes.
const unlimited = 1 << 40

func TestPartsFormChains(t *testing.T) {
	sinks.SpoilPages(t)
	ctx := pipetest.Context(t)
	dir := filepath.Join(t.TempDir(), "new", "out")
	s := &vectorParts{Dir: dir, PartBytes: onePart}
	open(t, ctx, s)
	put(t, ctx, s, upTo("b/0", 0, 3)...)
	put(t, ctx, s, from("a", 7, 9, 12)...)
	put(t, ctx, s, upTo("b/0", 3, 5)...)
	put(t, ctx, s, append(upTo("b/0", 5, 6), from("a", 20)...)...)
	if n := s.Stored(); n != 4 {
		t.Errorf("%d writes stored", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkParts(t, dir, "b/0", "0-3 3+0", "3-5 2+0", "5-6 1+0")
	checkParts(t, dir, "a", "0-13 3+0", "13-21 1+0")
	want := []string{
		"pairs-a-00000000000000000000.parquet", "pairs-a-00000000000000000013.parquet",
		"pairs-b%2F0-00000000000000000000.parquet", "pairs-b%2F0-00000000000000000003.parquet", "pairs-b%2F0-00000000000000000005.parquet",
	}
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("files %q", got)
	}
	rows, _ := stored(t, dir)
	checkPlaces(t, "rows", rows, append(from("a", 7, 9, 12, 20), upTo("b/0", 0, 6)...))
}

func TestPartsResume(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	s := &vectorParts{Dir: dir, PartBytes: unlimited}
	if _, _, err := s.Resume(ctx, "a"); err == nil {
		t.Error("a sink that is not open says where to resume")
	}
	open(t, ctx, s)
	put(t, ctx, s, upTo("a", 0, 5)...)
	if next, ok, err := s.Resume(ctx, "a"); next != 0 || ok || err != nil {
		t.Errorf("with nothing published: %d, %v, %v", next, ok, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	later, other := &vectorParts{Dir: dir}, &vectorParts{Dir: dir}
	open(t, ctx, later)
	open(t, ctx, other)
	for range 2 {
		if next, ok, err := later.Resume(ctx, "a"); next != 5 || !ok || err != nil {
			t.Errorf("%d, %v, %v", next, ok, err)
		}
	}
	if next, ok, err := later.Resume(ctx, "b"); next != 0 || ok || err != nil {
		t.Errorf("another lane: %d, %v, %v", next, ok, err)
	}
	put(t, ctx, other, append(upTo("a", 3, 8), upTo("b", 0, 2)...)...)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if next, _, err := later.Resume(ctx, "a"); next != 8 || err != nil {
		t.Errorf("behind what another published: %d, %v", next, err)
	}
	if next, _, err := later.Resume(ctx, "b"); next != 2 || err != nil {
		t.Errorf("a lane that another began: %d, %v", next, err)
	}
	if err := later.Close(); err != nil {
		t.Fatal(err)
	}
	rows, _ := stored(t, dir)
	checkPlaces(t, "rows", rows, append(upTo("a", 0, 8), upTo("b", 0, 2)...))
}

func TestPartsDropWhatComesAgain(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	s := &vectorParts{Dir: dir, PartBytes: unlimited}
	rejects := s.Rejects()
	open(t, ctx, s)
	put(t, ctx, s, upTo("a", 0, 4)...)
	putRejects(t, ctx, rejects, from("a", 5)...)
	put(t, ctx, s, from("a", 4, 6)...)
	// All is delivered again: a row is rejected now that was not, and another is not that was.
	putRejects(t, ctx, rejects, from("a", 3, 5)...)
	put(t, ctx, s, from("a", 0, 1, 2, 4, 5, 6, 7)...)
	if n := s.Repeated(); n != 8 {
		t.Errorf("%d rows and rejects repeated", n)
	}
	if err := errors.Join(s.Close(), rejects.Close()); err != nil {
		t.Fatal(err)
	}
	checkParts(t, dir, "a", "0-8 7+1")
	rows, rejected := stored(t, dir)
	checkPlaces(t, "rows", rows, from("a", 0, 1, 2, 3, 4, 6, 7))
	checkPlaces(t, "rejects", rejected, from("a", 5))
}

func TestPartsRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		write func(t *testing.T, ctx context.Context, s *vectorParts) error
		want  string
	}{
		"rows that do not ascend in a batch": {func(t *testing.T, ctx context.Context, s *vectorParts) error {
			v := rowsAt(ctx, "a", from("a", 1, 3, 2)...)
			defer v.Release()
			return s.Write(ctx, v)
		}, `lane "a": offset 2 comes after offset 3: its rows must ascend`},
		"rows that do not ascend": {func(t *testing.T, ctx context.Context, s *vectorParts) error {
			put(t, ctx, s, from("a", 1, 3)...)
			v := rowsAt(ctx, "a", from("a", 2)...)
			defer v.Release()
			return s.Write(ctx, v)
		}, `lane "a": offset 2 comes after offset 3: its rows must ascend`},
		"rows of another model": {func(t *testing.T, ctx context.Context, s *vectorParts) error {
			put(t, ctx, s, from("a", 1)...)
			v := rowsAt(ctx, "b", from("a", 2)...)
			defer v.Release()
			return s.Write(ctx, v)
		}, `rows made with "model=b" after rows made with "model=a"`},
		"a negative offset": {func(t *testing.T, ctx context.Context, s *vectorParts) error {
			v := rowsAt(ctx, "a", from("a", -1)...)
			defer v.Release()
			return s.Write(ctx, v)
		}, `lane "a" has an offset of -1`},
		"a reject without an origin": {func(t *testing.T, ctx context.Context, s *vectorParts) error {
			return s.Rejects().Write(ctx, pipeline.Rejects{{ID: "x", Origin: "captions.tsv"}})
		}, `row "x" was rejected without a lane and an offset: its origin is "captions.tsv"`},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			s := &vectorParts{Dir: t.TempDir()}
			open(t, ctx, s)
			err := c.write(t, ctx, s)
			if err == nil || err.Error() != s.Dir+": "+c.want {
				t.Errorf("%v, not %s", err, c.want)
			}
			if err := s.Abort(); err != nil {
				t.Error(err)
			}
			if left := tree(t, s.Dir); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

func TestPartsRefuseRowsWithoutOrigins(t *testing.T) {
	ctx := pipetest.Context(t)
	m := batch.MetricsOf(batch.Allocator(ctx), 1, 1, 1, 1)
	defer m.Release()
	s := &sinks.Parts[batch.Metrics]{Dir: t.TempDir()}
	open(t, ctx, s)
	defer s.Abort()
	if err := s.Write(ctx, m); err == nil || !strings.Contains(err.Error(), "rows have no origin_lane (utf8) or no origin_offset (int64)") {
		t.Error(err)
	}
}

func TestPartsRefuseAnotherModelsDirectory(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	v, w := rowsAt(ctx, "a", upTo("a", 0, 2)...), rowsAt(ctx, "b", upTo("b", 0, 2)...)
	defer v.Release()
	defer w.Release()
	store(t, ctx, pipeline.Sink[batch.Vectors](&vectorParts{Dir: dir}), v)
	s := &vectorParts{Dir: dir}
	open(t, ctx, s)
	defer s.Abort()
	if err := s.Write(ctx, w); err == nil || err.Error() != dir+`: rows made with "model=b" after rows made with "model=a"` {
		t.Error(err)
	}
}

func TestPartsSweepWhatDeadWritersLeft(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	dead, other := ".pairs-a-00000000000000000000.parquet.0123456789abcdef.tmp", ".pairs-a.tmp"
	for _, name := range []string{dead, other} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("PAR1"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	alive := sinks.BeginDraft(t, dir, "pairs-b-00000000000000000000.parquet")
	s := &vectorParts{Dir: dir}
	open(t, ctx, s)
	defer s.Abort()
	if left, want := tree(t, dir), []string{other, filepath.Base(alive)}; !slices.Equal(left, want) {
		t.Errorf("left %q, not %q", left, want)
	}
}
