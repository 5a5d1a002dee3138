package pipeline

import (
	"errors"
	"fmt"
	"strings"
)

// A StepError says which step failed, where it was drawn, and at what. It reads as one line:
//
//	preprocess (main.go:24): batch 36, row "cat-17": unexpected EOF
type StepError struct {
	Step   string // the step's name
	Caller string // file:line of the verb that drew it
	Batch  int64  // the batch's number in this step, from 1; 0 where it was none
	Row    string // the row's id, or its number where it has none; empty where it was none
	Err    error
}

func (e *StepError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): ", e.Step, e.Caller)
	if e.Batch > 0 {
		fmt.Fprintf(&b, "batch %d", e.Batch)
		if e.Row != "" {
			fmt.Fprintf(&b, ", row %q", e.Row)
		}
		b.WriteString(": ")
	}
	fmt.Fprintf(&b, "%v", e.Err)
	return b.String()
}

func (e *StepError) Unwrap() error { return e.Err }

// A PanicError is what a panic in a part becomes.
type PanicError struct {
	Value any
	Stack []byte // of the goroutine that panicked
}

func (e PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Transient marks err as worth another try: see [Retry].
func Transient(err error) error {
	if err == nil {
		return nil
	}
	return transientError{err}
}

type transientError struct{ error }

func (e transientError) Unwrap() error { return e.error }

// IsTransient reports whether err, or an error that it wraps, was marked by [Transient].
func IsTransient(err error) bool {
	var t transientError
	return errors.As(err, &t)
}
