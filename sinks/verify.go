package sinks

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// A Part is a file of a directory that [Parts] wrote.
type Part struct {
	Name     string `json:"name"`
	Size     int64  `json:"size"`     // bytes
	Checksum string `json:"checksum"` // xxHash64, in hex, of the file with zeros in place of its footer's part.checksum
	Lane     string `json:"lane"`
	First    int64  `json:"first"` // it accounts for the lane's offsets from First
	Next     int64  `json:"next"`  // to Next-1
	Rows     int64  `json:"rows"`
	Rejects  int64  `json:"rejects"`
}

// A Report is what [Verify] found.
type Report struct {
	Parts       []Part `json:"parts"` // lane by lane, and in the order of their chains; a manifest of the directory
	Lanes       int    `json:"lanes"`
	Rows        int64  `json:"rows"`
	Rejects     int64  `json:"rejects"`
	Fingerprint string `json:"fingerprint"` // of what made the rows

	// Problems says what is wrong: a part whose bytes are not those that were written, whose rows are not those that it
	// says, that was made otherwise than others, or that a lane lacks. Nothing is wrong where it is empty, but for parts
	// at the end of lanes, which nobody can miss: compare Next with the source.
	Problems []string `json:"problems"`
}

// Verify reads all of a directory that [Parts] wrote, and checks what it says. It must not be written to meanwhile. The
// error is one of reading the directory itself.
func Verify(ctx context.Context, dir string) (Report, error) {
	var report Report
	place, dir, err := openPlace(ctx, dir)
	if err != nil {
		return report, err
	}
	defer place.close()
	names, err := partNames(place, dir)
	if err != nil {
		return report, err
	}
	problem := func(format string, args ...any) {
		report.Problems = append(report.Problems, fmt.Sprintf(format, args...))
	}
	var before footer // the part before, of which lane ever
	var made footer   // the first with columns
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		part, f, err := verifyPart(ctx, place, store.Join(dir, name))
		if err != nil {
			problem("%v", err)
			continue
		}
		if expected := partName(f.lane, f.first); name != expected {
			problem("%s is the part %s by another name", name, expected)
		}
		switch {
		case f.lane != before.lane || report.Lanes == 0:
			report.Lanes++
			if f.first != 0 {
				problem("%s: offsets 0 to %d of lane %q are in no part", name, f.first-1, f.lane)
			}
		case f.first != before.next:
			problem("%s: the part of lane %q before it ends at offset %d, not %d", name, f.lane, before.next-1, f.first-1)
		}
		if f.schema != nil {
			if made.schema == nil {
				made = f
				report.Fingerprint = batch.Fingerprint(f.schema)
			}
			if err := checkFollows(made.schema, f.schema); err != nil {
				problem("%s: %v", name, err)
			}
		}
		before = f
		report.Parts = append(report.Parts, part)
		report.Rows += f.rows
		report.Rejects += f.rejected
	}
	return report, nil
}

// partNames returns the names of a directory's Parquet files, in the order of lanes and offsets. Those that are no
// parts are among them.
func partNames(place place, dir string) ([]string, error) {
	entries, err := place.list(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".parquet") {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		laneA, firstA, _ := parsePartName(a)
		laneB, firstB, _ := parsePartName(b)
		return cmp.Or(strings.Compare(laneA, laneB), cmp.Compare(firstA, firstB), strings.Compare(a, b))
	})
	return names, nil
}

// verifyPart checks one file by itself.
func verifyPart(ctx context.Context, place place, path string) (Part, footer, error) {
	part, err := place.open(path)
	if err != nil {
		return Part{}, footer{}, err
	}
	defer part.Close()
	info, err := part.Stat()
	if err != nil {
		return Part{}, footer{}, err
	}
	f, err := readFooter(part)
	if err != nil {
		return Part{}, f, err
	}
	s, err := getSeal(part)
	if err == nil {
		err = s.check(part)
	}
	if err == nil {
		err = checkPart(ctx, part, f)
	}
	return Part{info.Name(), info.Size(), s.file, f.lane, f.first, f.next, f.rows, f.rejected}, f, err
}

// checkPart checks that a part holds the rows and rejects that its footer says, each offset once.
func checkPart(ctx context.Context, part store.File, f footer) error {
	rejected := map[int64]bool{}
	last := f.first - 1
	check := func(lane string, offset int64) error {
		if lane != f.lane || offset <= last || offset >= f.next {
			return fmt.Errorf("offset %d of lane %q after offset %d in a part of %q up to %d", offset, lane, last, f.lane, f.next-1)
		}
		last = offset
		return nil
	}
	rejects, err := f.decodeRejects()
	if err != nil {
		return fmt.Errorf("%s: %w", part.Name(), err)
	}
	for _, r := range rejects {
		lane, offset, err := originOf(r)
		if err == nil {
			err = check(lane, offset)
		}
		if err != nil {
			return fmt.Errorf("%s: a reject: %w", part.Name(), err)
		}
		rejected[offset] = true
	}
	last = f.first - 1
	rows := int64(0)
	err = readOrigins(ctx, part, func(lane string, offset int64) error {
		rows++
		if rejected[offset] {
			return fmt.Errorf("offset %d is among the rows and among the rejects", offset)
		}
		return check(lane, offset)
	})
	if err == nil && (rows != f.rows || int64(len(rejects)) != f.rejected) {
		err = fmt.Errorf("%s: %d rows and %d rejects, not %d and %d", part.Name(), rows, len(rejects), f.rows, f.rejected)
	}
	return err
}

func (f footer) decodeRejects() (pipeline.Rejects, error) {
	var rejects pipeline.Rejects
	if f.rejects == "" {
		return nil, nil
	}
	return rejects, json.Unmarshal([]byte(f.rejects), &rejects)
}

// ReadRejects yields the rejects of a directory that [Parts] wrote, lane by lane, in the order of their offsets.
func ReadRejects(dir string) iter.Seq2[pipeline.Reject, error] {
	return func(yield func(pipeline.Reject, error) bool) {
		place, dir, err := openPlace(context.Background(), dir)
		if err != nil {
			yield(pipeline.Reject{}, err)
			return
		}
		defer place.close()
		names, err := partNames(place, dir)
		if err != nil {
			yield(pipeline.Reject{}, err)
			return
		}
		for _, name := range names {
			rejects, err := rejectsOf(place, store.Join(dir, name))
			if err != nil {
				yield(pipeline.Reject{}, err)
				return
			}
			for _, r := range rejects {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

func rejectsOf(place place, path string) (pipeline.Rejects, error) {
	part, err := place.open(path)
	if err != nil {
		return nil, err
	}
	defer part.Close()
	f, err := readFooter(part)
	if err != nil {
		return nil, err
	}
	rejects, err := f.decodeRejects()
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return rejects, err
}
