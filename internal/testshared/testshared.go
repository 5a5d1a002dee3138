// Package testshared finds the photographs and reference results that tests compare with but that are not
// part of this repository.
package testshared

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Dir returns the folder that holds photos/, golden/ and reference/: $PAIRSTREAM_SHARED where it is set, else
// "shared" beside the project's root. The test is skipped where the folder is missing.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PAIRSTREAM_SHARED")
	if dir == "" {
		_, file, _, _ := runtime.Caller(0)
		dir = filepath.Join(filepath.Dir(file), "..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "reference")); err != nil {
		t.Skipf("no shared reference results: %v (set PAIRSTREAM_SHARED)", err)
	}
	return dir
}
