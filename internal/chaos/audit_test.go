package chaos

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/pairstream/pairstream/sinks"
)

// audit fails unless every pair is stored once: as a row that is whole, or, where it is bad, as a reject.
func audit(t *testing.T, dir string) {
	t.Helper()
	report, err := sinks.Verify(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range report.Problems {
		t.Errorf("verify: %s", problem)
	}
	rows, rejects := map[string]int{}, map[string]int{}
	captions, pictures := map[string]string{}, map[string]string{}
	for _, path := range parts(t, dir) {
		for _, r := range rowsOf(t, path) {
			rows[r.ID]++
			captions[r.ID], pictures[r.ID] = r.Caption, string(r.Image)
		}
	}
	for r, err := range sinks.ReadRejects(dir) {
		if err != nil {
			t.Fatal(err)
		}
		rejects[r.ID]++
	}
	var lost, doubled, wrong int
	for i := range pairs {
		id := idOf(i)
		in, out := rows, rejects
		if bad(i) {
			in, out = rejects, rows
		}
		switch {
		case in[id]+out[id] == 0:
			lost++
		case in[id]+out[id] > 1:
			doubled++
		case out[id] > 0 || !bad(i) && (captions[id] != captionOf(i) || pictures[id] != pictureOf(i)):
			wrong++
		}
	}
	if lost+doubled+wrong > 0 {
		t.Errorf("of %d pairs %d are lost, %d are stored more than once, %d are not as they were", pairs, lost, doubled, wrong)
	}
	if len(rows)+len(rejects) > pairs {
		t.Errorf("%d ids, of %d pairs", len(rows)+len(rejects), pairs)
	}
	if report.Lanes != partitions {
		t.Errorf("%d lanes of %d", report.Lanes, partitions)
	}
}

// A storedRow is a row of a part, read by another library than the one that wrote it.
type storedRow struct {
	ID      string `parquet:"id"`
	Caption string `parquet:"caption"`
	Image   []byte `parquet:"image"`
}

func rowsOf(t *testing.T, path string) []storedRow {
	t.Helper()
	rows, err := parquet.ReadFile[storedRow](path)
	if err != nil {
		t.Errorf("%s: %v", filepath.Base(path), err)
	}
	return rows
}

// parts returns the published files.
func parts(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// byLane returns the published files by lane, in their order: a name ends in the first offset, of as many digits each.
func byLane(t *testing.T, dir string) map[string][]string {
	lanes := map[string][]string{}
	paths := parts(t, dir)
	slices.Sort(paths)
	for _, path := range paths {
		lane := path[:strings.LastIndexByte(path, '-')]
		lanes[lane] = append(lanes[lane], path)
	}
	return lanes
}

// stored returns how many offsets the published parts account for, by the last of each lane.
func stored(t *testing.T, dir string) int64 {
	t.Helper()
	var n int64
	for _, paths := range byLane(t, dir) {
		n += nextOf(t, paths[len(paths)-1])
	}
	return n
}

// nextOf returns up to which offset a part accounts for its lane.
func nextOf(t *testing.T, path string) int64 {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	part, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	text, _ := part.Lookup("part.next")
	next, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: part.next: %v", filepath.Base(path), err)
	}
	return next
}

// longestPause returns the longest time that a lane was not stored further, before it was complete.
func longestPause(t *testing.T, dir string, began time.Time) time.Duration {
	t.Helper()
	var longest time.Duration
	for _, paths := range byLane(t, dir) {
		last := began
		for _, path := range paths {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			longest = max(longest, info.ModTime().Sub(last))
			last = info.ModTime()
		}
	}
	return longest
}

// read returns how many rows all workers have read together.
func read(t *testing.T, dir string) int64 {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "seen-*"))
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}
