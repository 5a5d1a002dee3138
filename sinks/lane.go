package sinks

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pairstream/pairstream/pipeline"
)

// A lane is what has come of a source's lane and is not published. The parts on disk account for every offset below
// next; the rows here are from there on, and all that there are below reached.
type lane struct {
	name          string
	next, reached int64
	since         time.Time // when the first of what is held came

	rows  []run
	bytes int64 // of rows

	rejects     []reject // ascending; also of rows that are still on their way
	rejectBytes int64
}

// A run is rows of one lane, which follow each other.
type run struct {
	arrow.Record
	offsets []int64 // of the rows; they live as long as the record
	bytes   int64
}

// slice returns a new reference to rows i to j-1.
func (r run) slice(i, j int) run {
	bytes := r.bytes * int64(j-i) / int64(len(r.offsets))
	return run{r.NewSlice(int64(i), int64(j)), r.offsets[i:j], bytes}
}

// A reject is a rejected row with its place in the lane.
type reject struct {
	offset int64
	row    pipeline.Reject
}

// size returns about how many bytes a reject takes in a footer.
func (r reject) size() int64 {
	return int64(len(r.row.ID) + len(r.row.Step) + len(r.row.Reason) + len(r.row.Origin) + 50)
}

// originOf returns the lane and offset in a reject's origin, "LANE:OFFSET".
func originOf(r pipeline.Reject) (lane string, offset int64, err error) {
	colon := strings.LastIndexByte(r.Origin, ':')
	if colon >= 0 {
		offset, err = strconv.ParseInt(r.Origin[colon+1:], 10, 64)
	}
	if colon < 0 || err != nil || offset < 0 {
		return "", 0, fmt.Errorf("row %q was rejected without a lane and an offset: its origin is %q", r.ID, r.Origin)
	}
	return r.Origin[:colon], offset, nil
}

// empty reports whether nothing is held.
func (l *lane) empty() bool { return len(l.rows) == 0 && len(l.rejects) == 0 }

// touch notes that something came.
func (l *lane) touch(now time.Time) {
	if l.empty() {
		l.since = now
	}
}

// wants reports whether the row at an offset is to be kept, or was before. The offsets of a lane ascend, but for rows
// that are delivered again: one that is not known and comes late would be lost.
func (l *lane) wants(offset int64) (bool, error) {
	switch {
	case offset < l.next || l.rejected(offset):
		return false, nil
	case offset >= l.reached:
		return true, nil
	case !l.holds(offset):
		return false, fmt.Errorf("lane %q: offset %d comes after offset %d: its rows must ascend", l.name, offset, l.reached-1)
	}
	return false, nil
}

// holds reports whether the row at an offset is held.
func (l *lane) holds(offset int64) bool {
	i := sort.Search(len(l.rows), func(i int) bool { return l.rows[i].offsets[len(l.rows[i].offsets)-1] >= offset })
	if i == len(l.rows) {
		return false
	}
	_, found := slices.BinarySearch(l.rows[i].offsets, offset)
	return found
}

func (l *lane) findReject(offset int64) (int, bool) {
	return slices.BinarySearchFunc(l.rejects, offset, func(r reject, offset int64) int {
		return int(min(max(r.offset-offset, -1), 1))
	})
}

func (l *lane) rejected(offset int64) bool {
	_, found := l.findReject(offset)
	return found
}

// add takes over rows that are wanted.
func (l *lane) add(r run) {
	l.rows = append(l.rows, r)
	l.bytes += r.bytes
	l.reached = r.offsets[len(r.offsets)-1] + 1
}

// reject adds a rejected row, and reports whether it was not known.
func (l *lane) reject(r reject) bool {
	i, found := l.findReject(r.offset)
	if found || r.offset < l.next || l.holds(r.offset) {
		return false
	}
	l.rejects = slices.Insert(l.rejects, i, r)
	l.rejectBytes += r.size()
	return true
}

// maxPartRejects is about how many bytes of rejects go into one footer, which readers hold in memory as a whole.
const maxPartRejects = 4 << 20

// A part is what one file accounts for: the rows and rejects of a lane from offset first to next-1.
type part struct {
	lane        string
	first, next int64
	rows        []run    // the part's own references
	rejects     []reject // the lane's
}

// cut returns the next part: up to the last row held, and over rejects that follow it without a gap, as rows before
// others may still be on their way; when the lane ends, over all. It may be empty.
func (l *lane) cut(ended bool) part {
	p := part{lane: l.name, first: l.next, next: l.next}
	if n := len(l.rows); n > 0 {
		p.next = l.rows[n-1].offsets[len(l.rows[n-1].offsets)-1] + 1
	}
	var bytes int64
	for i, r := range l.rejects {
		if r.offset > p.next && !ended {
			break
		}
		if bytes += r.size(); bytes > maxPartRejects && i > 0 {
			p.next = r.offset
			break
		}
		p.rejects = l.rejects[:i+1]
		p.next = max(p.next, r.offset+1)
	}
	for _, r := range l.rows {
		if n, _ := slices.BinarySearch(r.offsets, p.next); n > 0 {
			p.rows = append(p.rows, r.slice(0, n))
		}
	}
	return p
}

func (p part) release() {
	for _, r := range p.rows {
		r.Release()
	}
}

// advance notes that the parts on disk account for all below next, and lets go of that. It returns the bytes of the
// rows that it let go.
func (l *lane) advance(next int64, now time.Time) int64 {
	before := l.bytes
	l.next, l.reached = next, max(l.reached, next)
	kept := l.rows[:0]
	for _, r := range l.rows {
		n, _ := slices.BinarySearch(r.offsets, next)
		if n < len(r.offsets) {
			kept = append(kept, r.slice(n, len(r.offsets)))
		}
		r.Release()
	}
	clear(l.rows[len(kept):])
	l.rows, l.bytes = kept, 0
	for _, r := range l.rows {
		l.bytes += r.bytes
	}
	known, _ := l.findReject(next)
	for _, r := range l.rejects[:known] {
		l.rejectBytes -= r.size()
	}
	l.rejects = slices.Delete(l.rejects, 0, known)
	l.since = now
	return before - l.bytes
}

// release lets go of all rows.
func (l *lane) release() {
	for _, r := range l.rows {
		r.Release()
	}
	l.rows, l.bytes, l.rejects, l.rejectBytes = nil, 0, nil, 0
}
