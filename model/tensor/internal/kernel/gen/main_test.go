package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestUpToDate checks that the files beside this program are what it writes.
func TestUpToDate(t *testing.T) {
	for name, want := range generate() {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Error(err)
		} else if string(got) != want {
			t.Errorf("%s is not what gen writes: run go generate in package kernel", name)
		}
	}
}
