package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
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
		switch e.text { // the answer to HEAD says no more
		case "NotFound":
			e.text = noObject
		case "Forbidden":
			e.text = "access denied"
		}
	case errors.As(err, &gs):
		e.text = said(fmt.Sprint("status ", gs.Code), gs.Message)
		if e.kind == fs.ErrNotExist {
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

// kindOf returns the error of package fs that one is. That there is no bucket is none of an object.
func kindOf(err error) error {
	var s3 smithy.APIError
	var gs *googleapi.Error
	switch {
	case errors.As(err, &s3):
		switch s3.ErrorCode() {
		case "NoSuchBucket":
			return nil
		case "PreconditionFailed":
			return fs.ErrExist
		case "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken":
			return fs.ErrPermission
		}
	case errors.As(err, &gs): // gocloud says that what one may not see is not there
		switch {
		case gs.Code == http.StatusNotFound && strings.Contains(gs.Message, "bucket"):
			return nil
		case gs.Code == http.StatusUnauthorized, gs.Code == http.StatusForbidden:
			return fs.ErrPermission
		}
	}
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

func isNotExist(err error) bool { return err != nil && kindOf(err) == fs.ErrNotExist }

// innermost returns the error that others wrap, or that of the network among them, which says with whom.
func innermost(err error) error {
	var network *net.OpError
	if errors.As(err, &network) {
		return network
	}
	for {
		var next error
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			next = e.Unwrap()
		case interface{ Unwrap() []error }:
			if all := e.Unwrap(); len(all) > 0 {
				next = all[0] // gocloud has its own behind it
			}
		}
		if next == nil {
			return err
		}
		err = next
	}
}
