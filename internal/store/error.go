package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/aws/smithy-go"
	"gocloud.dev/gcerrors"
	"google.golang.org/api/googleapi"
)

// A serverError is what a server says, in a line, which fs.ErrNotExist, fs.ErrExist or fs.ErrPermission may be too.
type serverError struct {
	text string
	kind error // nil where it is none of these
	err  error
}

func (e *serverError) Error() string { return e.text }

func (e *serverError) Unwrap() []error {
	if e.kind == nil {
		return []error{e.err}
	}
	return []error{e.kind, e.err}
}

// pathError says what was not possible with a path.
func pathError(op, path string, err error) error {
	return &fs.PathError{Op: op, Path: path, Err: explain(err)}
}

// explain takes out of a library's error what the server or the network said.
func explain(err error) error {
	e := &serverError{err: err, kind: kindOf(err), text: strings.Join(strings.Fields(innermost(err).Error()), " ")}
	var s3 smithy.APIError
	var gs *googleapi.Error
	switch {
	case errors.As(err, &s3):
		e.text = said(s3.ErrorCode(), s3.ErrorMessage())
		if e.text == "NotFound" { // the answer to HEAD says no more
			e.text = noObject
		}
	case errors.As(err, &gs):
		e.text = said(fmt.Sprint("status ", gs.Code), gs.Message)
		if e.kind == fs.ErrNotExist && !strings.Contains(gs.Message, "bucket") {
			e.text = noObject
		}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case e.kind == fs.ErrNotExist:
		e.text = noObject
	case e.kind != nil:
		e.text = e.kind.Error()
	}
	return e
}

const noObject = "no such object"

func said(code, message string) string {
	if message == "" || message == code {
		return code
	}
	return code + ": " + strings.Join(strings.Fields(message), " ")
}

// kindOf returns the error of package fs that one is.
func kindOf(err error) error {
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return fs.ErrNotExist
	case gcerrors.FailedPrecondition, gcerrors.AlreadyExists:
		return fs.ErrExist
	case gcerrors.PermissionDenied:
		return fs.ErrPermission
	}
	return nil
}

func isNotExist(err error) bool { return gcerrors.Code(err) == gcerrors.NotFound }

// innermost returns the error that others wrap.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
