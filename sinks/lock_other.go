//go:build !unix || solaris || aix

package sinks

import (
	"errors"
	"os"
)

// lockFile cannot lock files here, so that drafts of killed writers stay where they are.
func lockFile(*os.File) (bool, error) { return false, errors.ErrUnsupported }
