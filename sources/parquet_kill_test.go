package sources_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/parquet/compress"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
)

// A noted source prints what it reads: lane, first offset, and the one behind the last.
type noted struct{ *sources.Parquet }

func (s noted) Read(ctx context.Context) (batch.Pairs, error) {
	pairs, err := s.Parquet.Read(ctx)
	if pairs.Record != nil {
		offsets := pairs.Column(4).(*array.Int64).Int64Values()
		fmt.Println("read", pairs.Column(3).(*array.String).Value(0), offsets[0], offsets[len(offsets)-1]+1)
	}
	return pairs, err
}

// copyIntoParts stores the pairs of a directory in parts of about 20 rows.
func copyIntoParts(ctx context.Context, data, dir string) error {
	parts := &sinks.Parts[batch.Pairs]{Dir: dir, PartBytes: 20 * 250}
	source := noted{&sources.Parquet{Path: data, Limits: sources.Limits{Rows: 4}, Resume: parts.Resume}}
	stage := pipeline.StageFunc[batch.Pairs, batch.Pairs](func(ctx context.Context, in batch.Pairs) (batch.Pairs, error) {
		in.Retain()
		return in, nil
	})
	return pipeline.Runner{Rejects: parts.Rejects()}.Run(ctx, pipeline.Into(pipeline.Through(pipeline.From(source), stage), parts))
}

// A process that copies Parquet into parts is killed at random points, as often as it takes. In the end each row is
// stored exactly once, and no run has read more than a row group of a lane that one before it had read.
func TestParquetWhenReadersAreKilled(t *testing.T) {
	const mark, files, rows, group = "TEST_PARQUET_COPY", 3, 400, 100
	if data, dir, ok := strings.Cut(os.Getenv(mark), " "); ok {
		if err := copyIntoParts(t.Context(), data, dir); err != nil {
			t.Error(err)
		}
		return
	}
	ctx := pipetest.Context(t)
	data := t.TempDir()
	var want []string
	for i := range files {
		if err := os.Rename(writeParquet(t, rows, 200, group, compress.Codecs.Zstd), filepath.Join(data, fmt.Sprintf("%d.parquet", i))); err != nil {
			t.Fatal(err)
		}
		for row := range rows {
			want = append(want, fmt.Sprintf("%d.parquet:%d", i, row))
		}
	}
	slices.Sort(want)
	seeds := seedsOr(t, 5)
	var killed, repeated, most int64
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 4))
		dir := filepath.Join(t.TempDir(), "parts")
		reached := map[string]int64{} // by lane, behind what any run has read
		kills := 0
		for again := true; again; {
			child := exec.Command(os.Args[0], "-test.run=^TestParquetWhenReadersAreKilled$")
			child.Env = append(os.Environ(), mark+"="+data+" "+dir)
			out, err := child.StdoutPipe()
			if err == nil {
				err = child.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			lines, before := bufio.NewScanner(out), map[string]int64{}
			var kill *time.Timer
			for lines.Scan() {
				if kill == nil { // it has begun, and after many kills gets further, however slow the machine
					most := int64(100*time.Millisecond) << (kills / 5)
					kill = time.AfterFunc(time.Duration(random.Int64N(most)), func() { _ = child.Process.Kill() })
				}
				var lane string
				var first, next int64
				if n, _ := fmt.Sscanf(lines.Text(), "read %s %d %d", &lane, &first, &next); n < 3 {
					continue
				}
				if _, known := before[lane]; !known {
					before[lane] = max(reached[lane]-first, 0)
					repeated += before[lane]
					most = max(most, before[lane])
				}
				reached[lane] = max(reached[lane], next)
			}
			if kill != nil {
				kill.Stop()
			}
			if again = child.Wait() != nil; again {
				kills++
			}
		}
		killed += int64(kills)
		if got := placesIn(t, ctx, dir); !slices.Equal(got, want) {
			t.Errorf("seed %d: %d rows, of which %d are different, not %d", seed, len(got), len(slices.Compact(slices.Clone(got))), len(want))
		}
		if report, err := sinks.Verify(ctx, dir); err != nil || len(report.Problems) > 0 {
			t.Errorf("seed %d: %q, %v", seed, report.Problems, err)
		}
	}
	t.Logf("%d seeds, %d kills: %d rows of %d read again, at most %d of a lane at once", seeds, killed, repeated, int64(seeds)*int64(len(want)), most)
	if killed == 0 || repeated == 0 {
		t.Error("none was killed halfway: the test needs some")
	}
	if most > group {
		t.Errorf("%d rows of a lane were read again at once: a row group has %d", most, group)
	}
}

// seedsOr returns for how many seeds a fault is tried: PAIRSTREAM_SEEDS, where that is set.
func seedsOr(t *testing.T, quick uint64) uint64 {
	text := os.Getenv("PAIRSTREAM_SEEDS")
	if text == "" {
		return quick
	}
	seeds, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seeds
}
