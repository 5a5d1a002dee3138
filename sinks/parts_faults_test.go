package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

// A delivery is a batch of a source: rows of one lane of which some are bad.
type delivery struct{ rows, bad []place }

// deliveries makes the batches of a source, always the same for a seed.
func deliveries(seed uint64, n int) []delivery {
	random := rand.New(rand.NewPCG(seed, 0))
	next := map[string]int64{}
	all := make([]delivery, n)
	for i := range all {
		lane := fmt.Sprintf("topic/%d", random.IntN(3))
		for range 1 + random.IntN(6) {
			p := place{lane, next[lane]}
			if random.IntN(8) == 0 {
				all[i].bad = append(all[i].bad, p)
			} else {
				all[i].rows = append(all[i].rows, p)
			}
			next[lane]++
			if random.IntN(10) == 0 {
				next[lane] += int64(random.IntN(5)) // a row that was compacted away
			}
		}
	}
	return all
}

// behind returns the places from an offset of each lane on.
func behind(places []place, next func(lane string) int64) []place {
	return slices.DeleteFunc(slices.Clone(places), func(p place) bool { return p.offset < next(p.lane) })
}

// deliver writes deliveries to a sink, in the order in which the engine would, and closes it. It returns how many of
// them were durable by the word of the sink, by which the engine would commit them.
func deliver(t testing.TB, ctx context.Context, s *vectorParts, all []delivery) (durable int, err error) {
	rejects := s.Rejects()
	if err := s.Open(ctx); err != nil {
		return 0, err
	}
	type mark struct{ rows, rejects int64 }
	var written mark
	var marks []mark
	for _, d := range all {
		if len(d.bad) > 0 {
			if err = rejects.Write(ctx, rejectsAt(d.bad...)); err != nil {
				break
			}
			written.rejects++
		}
		if len(d.rows) > 0 {
			v := rowsAt(ctx, "a", d.rows...)
			err = s.Write(ctx, v)
			v.Release()
			if err != nil {
				break
			}
			written.rows++
		}
		marks = append(marks, written)
		rows, rejected := s.Stored(), rejects.(pipeline.Storer).Stored()
		for durable < len(marks) && marks[durable].rows <= rows && marks[durable].rejects <= rejected {
			durable++
		}
	}
	if err != nil {
		return durable, errors.Join(err, s.Abort())
	}
	if err = errors.Join(s.Close(), rejects.Close()); err == nil {
		durable = len(all)
	}
	return durable, err
}

// resumed returns what a source would deliver that asks the sink where to go on.
func resumed(t testing.TB, ctx context.Context, dir string, disk sinks.Disk, all []delivery) []delivery {
	s := &vectorParts{Dir: dir}
	sinks.SetDisk(s, disk)
	open(t, ctx, s)
	defer s.Abort()
	next := func(lane string) int64 {
		next, _, err := s.Resume(ctx, lane)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	var rest []delivery
	for _, d := range all {
		d = delivery{behind(d.rows, next), behind(d.bad, next)}
		if len(d.rows)+len(d.bad) > 0 {
			rest = append(rest, d)
		}
	}
	return rest
}

// checkOnce checks that every row of the deliveries is stored once, and so is every reject.
func checkOnce(t *testing.T, what, dir string, all []delivery) {
	t.Helper()
	var rows, bad []place
	for _, d := range all {
		rows, bad = append(rows, d.rows...), append(bad, d.bad...)
	}
	slices.SortFunc(rows, comparePlaces)
	slices.SortFunc(bad, comparePlaces)
	gotRows, gotBad := stored(t, dir)
	checkPlaces(t, what+": rows", gotRows, rows)
	checkPlaces(t, what+": rejects", gotBad, bad)
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

// A powerCut is a disk that works for a number of operations and then no more.
type powerCut struct {
	left   int
	synced map[string]bool // drafts whose bytes are on the disk
	linked map[string]bool // names that are not, with whether their bytes are
}

var errPower = errors.New("the power was cut")

func (d *powerCut) works() bool {
	d.left--
	return d.left >= 0
}

func (d *powerCut) Sync(file *os.File) error {
	if !d.works() {
		return errPower
	}
	d.synced[file.Name()] = true
	return nil
}

func (d *powerCut) Link(from, to string) error {
	if !d.works() {
		return errPower
	}
	err := os.Link(from, to)
	if err == nil {
		d.linked[to] = d.synced[from]
	}
	return err
}

func (d *powerCut) SyncDir(dir string) error {
	if !d.works() {
		return errPower
	}
	for name, whole := range d.linked {
		if whole && filepath.Dir(name) == dir {
			delete(d.linked, name)
		}
	}
	return nil
}

// after makes of the directory what may be left of it: of what was not synced, anything.
func (d *powerCut) after(t *testing.T, random *rand.Rand) {
	for name, whole := range d.linked {
		var err error
		switch {
		case random.IntN(2) == 0:
			err = os.Remove(name)
		case !whole:
			var info fs.FileInfo
			if info, err = os.Stat(name); err == nil {
				err = os.Truncate(name, random.Int64N(info.Size()))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	clear(d.linked)
}

func TestPartsWhenThePowerIsCut(t *testing.T) {
	ctx := pipetest.Context(t)
	for seed := range seedsOr(t, 50) {
		random := rand.New(rand.NewPCG(seed, 1))
		dir := t.TempDir()
		all := deliveries(seed, 12)
		rest := all
		d := &powerCut{0, map[string]bool{}, map[string]bool{}}
		for cut := true; cut; {
			d.left = random.IntN(25)
			s := &vectorParts{Dir: dir, PartBytes: 1 + random.Int64N(1500), BufferBytes: 2000}
			sinks.SetDisk(s, d)
			durable, err := deliver(t, ctx, s, rest)
			if cut = errors.Is(err, errPower); err != nil && !cut {
				t.Fatalf("seed %d: %v", seed, err)
			}
			d.left = math.MaxInt
			if random.IntN(2) == 0 { // else it is the process that was killed
				d.after(t, random)
			}
			if random.IntN(2) == 0 {
				rest = rest[durable:] // what was not committed is read again
			} else {
				rest = resumed(t, ctx, dir, d, rest)
			}
		}
		d.after(t, random)
		checkOnce(t, fmt.Sprint("seed ", seed), dir, all)
		if t.Failed() {
			return
		}
	}
}

// Workers that all have the same lanes, most of them wrongly, do not harm one another.
func TestPartsOfManyWriters(t *testing.T) {
	ctx := pipetest.Context(t)
	for seed := range seedsOr(t, 8) {
		dir := t.TempDir()
		all := deliveries(seed, 20)
		var workers sync.WaitGroup
		for worker := range int64(4) {
			workers.Go(func() {
				s := &vectorParts{Dir: dir, PartBytes: 300 + 200*worker}
				sinks.SetDisk(s, sinks.NoSync)
				if _, err := deliver(t, ctx, s, all); err != nil {
					t.Errorf("seed %d, worker %d: %v", seed, worker, err)
				}
			})
		}
		workers.Wait()
		checkOnce(t, fmt.Sprint("seed ", seed), dir, all)
	}
}

// A worker that slept while others had its lane publishes what they did not.
func TestPartsOfAStaleWriter(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	stale := &vectorParts{Dir: dir, PartBytes: unlimited}
	rejects := stale.Rejects()
	open(t, ctx, stale)
	put(t, ctx, stale, upTo("a", 0, 10)...)
	putRejects(t, ctx, rejects, from("a", 10, 14)...)
	put(t, ctx, stale, upTo("a", 11, 14)...)
	for _, part := range [][]place{upTo("a", 0, 4), upTo("a", 4, 12)} {
		other := &vectorParts{Dir: dir}
		v := rowsAt(ctx, "a", part...)
		store(t, ctx, pipeline.Sink[batch.Vectors](other), v)
		v.Release()
	}
	if err := errors.Join(stale.Close(), rejects.Close()); err != nil {
		t.Fatal(err)
	}
	checkParts(t, dir, "a", "0-4 4+0", "4-12 8+0", "12-15 2+1")
	rows, rejected := stored(t, dir)
	checkPlaces(t, "rows", rows, upTo("a", 0, 14))
	checkPlaces(t, "rejects", rejected, from("a", 14))
}

// Two workers are killed at a random moment, as often as there are seeds, and what they leave is completed.
func TestPartsWhenWritersAreKilled(t *testing.T) {
	const mark, batches = "TEST_PARTS_DIR", 100
	if dir := os.Getenv(mark); dir != "" {
		killedWriter(t, dir, batches)
		return
	}
	ctx := pipetest.Context(t)
	start := time.Now()
	killedWriter(t, filepath.Join(t.TempDir(), "0"), batches)
	whole := time.Since(start) // how long one takes here
	seeds := seedsOr(t, 12)
	halfway := 0
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 2))
		dir := filepath.Join(t.TempDir(), fmt.Sprint(seed))
		all := deliveries(seed, batches)
		var killing sync.WaitGroup
		for range 2 {
			delay := time.Duration(random.Int64N(int64(whole)))
			killing.Go(func() {
				child := exec.Command(os.Args[0], "-test.run=^TestPartsWhenWritersAreKilled$")
				child.Env = append(os.Environ(), mark+"="+dir)
				ready, err := child.StdoutPipe()
				if err == nil {
					err = child.Start()
				}
				if err != nil {
					t.Error(err)
					return
				}
				ready.Read(make([]byte, 1))
				time.Sleep(delay)
				child.Process.Kill()
				child.Wait()
			})
		}
		killing.Wait()
		report, err := sinks.Verify(ctx, dir)
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("seed %d: %v, %v", seed, err, report.Problems)
		}
		rest := resumed(t, ctx, dir, sinks.NoSync, all)
		if len(rest) > 0 && len(rest) < batches {
			halfway++
		}
		s := &vectorParts{Dir: dir}
		sinks.SetDisk(s, sinks.NoSync)
		if _, err := deliver(t, ctx, s, rest); err != nil {
			t.Fatal(err)
		}
		checkOnce(t, fmt.Sprint("seed ", seed), dir, all)
		for _, file := range tree(t, dir) {
			if filepath.Ext(file) != ".parquet" {
				t.Errorf("seed %d: %s is left", seed, file)
			}
		}
	}
	t.Logf("%d of %d killed halfway", halfway, seeds)
	if halfway == 0 {
		t.Error("none was killed halfway: the test needs some")
	}
}

// killedWriter delivers until it is killed, or all is done.
func killedWriter(t *testing.T, dir string, batches int) {
	seed, err := strconv.ParseUint(filepath.Base(dir), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("ready")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	s := &vectorParts{Dir: dir, PartBytes: 400}
	sinks.SetDisk(s, sinks.NoSync)
	if _, err := deliver(t, t.Context(), s, resumed(t, t.Context(), dir, sinks.NoSync, deliveries(seed, batches))); err != nil {
		t.Fatal(err)
	}
}
