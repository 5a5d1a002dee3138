package pipeline

import "fmt"

// A RowError is one bad row of a batch: a picture that does not decode, a caption that is missing.
type RowError struct {
	Row int64 // within the batch, from 0
	Err error
}

func (e RowError) Error() string { return fmt.Sprintf("row %d: %v", e.Row, e.Err) }

func (e RowError) Unwrap() error { return e.Err }

// RowErrors is what a source or stage returns beside a batch of which only these rows are bad. Rows ascend. What
// becomes of them is for the run to say: see [Runner.Rejects].
type RowErrors []RowError

func (e RowErrors) Error() string {
	switch len(e) {
	case 0:
		return "no bad rows"
	case 1:
		return e[0].Error()
	}
	return fmt.Sprintf("%v, and %d more bad rows", e[0], len(e)-1)
}

// OrNil returns the errors as an error, or nil where there are none.
func (e RowErrors) OrNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// A Reject is a row that was taken out of the pipeline.
type Reject struct {
	ID     string `json:"id"`
	Step   string `json:"step"`             // the step that found it bad
	Reason string `json:"reason"`           // what that step said
	Origin string `json:"origin,omitempty"` // where the source had it from
}

// Rejects is the batch that a rejects sink is written.
type Rejects []Reject

// Retain does nothing: rejects are garbage collected.
func (r Rejects) Retain() {}

// Release does nothing: rejects are garbage collected.
func (r Rejects) Release() {}

// NumRows returns the number of rejects.
func (r Rejects) NumRows() int64 { return int64(len(r)) }

// badRow is a row that is null in its batch until it can be removed.
type badRow struct {
	row    int64
	reject Reject
}

// mergeBad returns the bad rows of two branches of the same rows, ascending. A row that is bad in both keeps the
// first's step and both reasons.
func mergeBad(a, b []badRow) []badRow {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	merged := make([]badRow, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].row < b[0].row:
			merged, a = append(merged, a[0]), a[1:]
		case a[0].row > b[0].row:
			merged, b = append(merged, b[0]), b[1:]
		default:
			both := a[0]
			if b[0].reject != both.reject { // a row that was bad before the Tee comes by both branches
				both.reject.Reason += "; " + b[0].reject.Step + ": " + b[0].reject.Reason
			}
			merged, a, b = append(merged, both), a[1:], b[1:]
		}
	}
	return append(append(merged, a...), b...)
}
