package sources_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet/metadata"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
)

// readSpoilt reads a source that may fail at any place, and returns the pictures and captions that came before. Nothing
// may be left unreleased, whatever the decoders did.
func readSpoilt(t testing.TB, p *sources.Parquet) (pairs []string, err error) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	ctx := batch.WithAllocator(context.Background(), mem)
	if err := p.Open(ctx); err != nil {
		return nil, err
	}
	defer p.Close()
	for {
		b, err := p.Read(ctx)
		var bad pipeline.RowErrors
		if err == io.EOF {
			return pairs, nil
		}
		if err != nil && !errors.As(err, &bad) {
			return pairs, err
		}
		for i := range int(b.NumRows()) {
			caption, _ := b.Caption(i)
			pairs = append(pairs, fmt.Sprintf("%x %s", b.Picture(i), caption))
		}
		b.Release()
	}
}

// TestParquetFlippedBits flips a bit at many places of files. No flip may crash or hang the reader, nor have it allocate
// much; in pages that have checksums it must be an error. Footers have none.
func TestParquetFlippedBits(t *testing.T) {
	names := []string{"checksums", "snappy", "gzip", "zstd", "brotli", "lz4", "none", "delta", "duckdb_V2", "lists", "huggingface", "types"}
	const step = 113 // 1 is for once in a while
	path := filepath.Join(t.TempDir(), "spoilt.parquet")
	for n, name := range names {
		whole, err := os.ReadFile(parquetDir + name + ".parquet")
		if err != nil {
			t.Fatal(err)
		}
		right, err := readSpoilt(t, &sources.Parquet{Path: parquetDir + name + ".parquet", AllCaptions: true})
		if err != nil {
			t.Fatal(err)
		}
		flips, failed, wrong, before := 0, 0, 0, allocated()
		for at := n % step; at < len(whole); at += step {
			flips++
			spoilt := bytes.Clone(whole)
			spoilt[at] ^= 1 << (at / step % 8)
			if err := os.WriteFile(path, spoilt, 0o644); err != nil {
				t.Fatal(err)
			}
			pairs, err := readSpoilt(t, &sources.Parquet{Path: path, AllCaptions: true})
			if err != nil {
				failed++
			} else if strings.Join(pairs, "\n") != strings.Join(right, "\n") {
				wrong++
				if footer := len(whole) - 8 - int(binary.LittleEndian.Uint32(whole[len(whole)-8:])); name == "checksums" && at < footer {
					t.Errorf("%s: a bit of byte %d flipped: %d other pairs without an error", name, at, len(pairs))
				}
			}
		}
		mean := int(allocated()-before) / flips
		if mean > 8<<20 {
			t.Errorf("%s: on average %d MB allocated for a file of %d bytes", name, mean>>20, len(whole))
		}
		t.Logf("%s: %d flips, %d errors, %d times other pairs; on average %d KB allocated", name, flips, failed, wrong, mean>>10)
	}
}

// allocated returns the bytes that have been allocated so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func TestParquetCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cut.parquet")
	for _, name := range []string{"snappy", "lists"} {
		whole, err := os.ReadFile(parquetDir + name + ".parquet")
		if err != nil {
			t.Fatal(err)
		}
		for size := 0; size < len(whole); size += 97 {
			if err := os.WriteFile(path, whole[:size], 0o644); err != nil {
				t.Fatal(err)
			}
			if pairs, err := readSpoilt(t, &sources.Parquet{Path: path}); err == nil {
				t.Errorf("%s, cut off at byte %d: %d pairs without an error", name, size, len(pairs))
			}
		}
	}
}

// TestParquetSkipsWhatIsCorrupt runs a data set of which a file and a row group are spoilt: all other rows are stored,
// and what is lost is among the rejects.
func TestParquetSkipsWhatIsCorrupt(t *testing.T) {
	dir := copyParquet(t, map[string]string{"1.parquet": "checksums", "2.parquet": "checksums", "3.parquet": "checksums"})
	shards, err := (&sources.Parquet{Path: dir}).Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	spoil(t, filepath.Join(dir, "1.parquet"), func(whole []byte) []byte { return whole[:len(whole)-1] })
	// One picture of the second row group: the third row group is still fine.
	spoil(t, filepath.Join(dir, "2.parquet"), func(whole []byte) []byte {
		whole[4+shards[3].Bytes+shards[4].Bytes/4] ^= 1
		return whole
	})

	var ids []string
	var rejects pipeline.Rejects
	sink := sinkFunc[batch.Pairs](func(b batch.Pairs) {
		for i := range b.NumRows() {
			id, origin := b.Label(i)
			ids = append(ids, id+" "+origin)
		}
	})
	runner := pipeline.Runner{Rejects: sinkFunc[pipeline.Rejects](func(r pipeline.Rejects) { rejects = append(rejects, r...) })}
	if err := runner.Run(pipetest.Context(t), pipeline.Into(pipeline.From(&sources.Parquet{Path: dir, SkipCorrupt: true}), sink)); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, lane := range []string{"2.parquet", "3.parquet"} {
		for row := range 20 {
			if lane == "3.parquet" || row < 7 || row >= 14 {
				want = append(want, fmt.Sprintf("p%d %s:%d", row, lane, row))
			}
		}
	}
	if !slices.Equal(ids, want) {
		t.Errorf("stored %v\nnot %v", ids, want)
	}
	for i, want := range []pipeline.Reject{
		{ID: "1.parquet", Origin: "1.parquet:0", Reason: dir + "/1.parquet: footer: the file does not end as Parquet files do: it is cut off, or of another kind"},
		{ID: "2.parquet#1", Origin: "2.parquet:13", Reason: dir + "/2.parquet: row group 1: column \"image\": page at byte "},
	} {
		if i >= len(rejects) || rejects[i].ID != want.ID || rejects[i].Origin != want.Origin || !strings.HasPrefix(rejects[i].Reason, want.Reason) {
			t.Fatalf("rejects %+v, not %+v", rejects, want)
		}
	}
	if !strings.HasSuffix(rejects[1].Reason, "the rows from 7 on are lost") || len(rejects) != 2 {
		t.Errorf("rejects %+v", rejects)
	}

	// Resumed behind what was told to be lost, it is not told again.
	rows, err := readParquet(t, &sources.Parquet{Path: dir + "/2.parquet", SkipCorrupt: true,
		Resume: func(context.Context, string) (int64, bool, error) { return 14, true, nil }})
	if err != nil || len(rows) != 6 || rows[0].bad != "" {
		t.Errorf("resumed: %v, %v", brief(rows), err)
	}

	_, err = readParquet(t, &sources.Parquet{Path: dir + "/2.parquet"})
	if err == nil || !strings.Contains(err.Error(), `2.parquet: row group 1: column "image": page at byte`) {
		t.Errorf("without SkipCorrupt: %v", err)
	}
	good, err := (&sources.Parquet{Path: dir}).Shards(t.Context())
	if len(good) != 6 || err == nil || !strings.Contains(err.Error(), "1.parquet: footer: ") {
		t.Errorf("%d shards, %v", len(good), err)
	}
}

// TestParquetFileVanishes removes a file after the source has found it: that is no corruption, and not passed over.
func TestParquetFileVanishes(t *testing.T) {
	dir := copyParquet(t, map[string]string{"1.parquet": "snappy", "2.parquet": "snappy"})
	for _, skip := range []bool{false, true} {
		ctx := pipetest.Context(t)
		p := &sources.Parquet{Path: dir, SkipCorrupt: skip, Limits: sources.Limits{Rows: 100}}
		if err := p.Open(ctx); err != nil {
			t.Fatal(err)
		}
		if b, err := p.Read(ctx); err != nil {
			t.Fatal(err)
		} else {
			b.Release()
		}
		gone := filepath.Join(dir, "2.parquet")
		if err := os.Rename(gone, gone+".gone"); err != nil {
			t.Fatal(err)
		}
		var err error
		rows := 0
		for err == nil {
			var b batch.Pairs
			if b, err = p.Read(ctx); err == nil {
				rows += int(b.NumRows())
				b.Release()
			}
		}
		if want := fmt.Sprintf("%q: no such file or directory", gone); err.Error() != want || rows != 13 {
			t.Errorf("after %d rows of the first file: %v, not %s", rows, err, want)
		}
		if err := errors.Join(p.Close(), os.Rename(gone+".gone", gone)); err != nil {
			t.Fatal(err)
		}
	}
}

func spoil(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(whole), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestParquetMoreValuesThanRows reads row groups that are said to be a row shorter: none of the rows after is lost
// unnoticed.
func TestParquetMoreValuesThanRows(t *testing.T) {
	for _, name := range []string{"snappy", "lists"} {
		path := filepath.Join(t.TempDir(), name+".parquet")
		whole, err := os.ReadFile(parquetDir + name + ".parquet")
		if err != nil {
			t.Fatal(err)
		}
		const end = 8 // the footer's length, and PAR1
		pages := len(whole) - end - int(binary.LittleEndian.Uint32(whole[len(whole)-end:]))
		footer, err := metadata.NewFileMetaData(whole[pages:len(whole)-end], nil)
		if err != nil {
			t.Fatal(err)
		}
		footer.NumRows--
		footer.RowGroups[0].NumRows--
		for _, c := range footer.RowGroups[0].Columns {
			c.MetaData.NumValues--
		}
		b := bytes.NewBuffer(whole[:pages:pages])
		size, err := footer.WriteTo(b, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(size)), "PAR1"...))
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		pairs, err := readSpoilt(t, &sources.Parquet{Path: path, AllCaptions: true})
		if err == nil || !strings.HasSuffix(err.Error(), "more values than rows") {
			t.Errorf("%s: %d rows, %v", name, len(pairs), err)
		}
	}
}

// A sinkFunc is a sink that shows its batches to a function.
type sinkFunc[T pipeline.Batch] func(T)

func (f sinkFunc[T]) Write(_ context.Context, b T) error { f(b); return nil }
func (sinkFunc[T]) Close() error                         { return nil }
