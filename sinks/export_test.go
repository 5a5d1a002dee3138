package sinks

import (
	"os"
	"testing"

	"github.com/pairstream/pairstream/pipeline/pipetest"
)

// Disk is what a sink of parts needs of a file system to make files last.
type Disk = disk

// RealDisk is the one that sinks have.
var RealDisk Disk = realDisk{}

// SetDisk gives a sink another disk.
func SetDisk[T Table[T]](s *Parts[T], d Disk) { s.disk = d }

// NoSync is a disk that loses everything when the power is cut.
var NoSync Disk = noSync{RealDisk}

type noSync struct{ Disk }

func (noSync) Sync(*os.File) error  { return nil }
func (noSync) SyncDir(string) error { return nil }

// BeginDraft begins a part in a directory, holds it until the end of the test, and returns where it is.
func BeginDraft(t *testing.T, dir, name string) string {
	d, err := folder{onDisk{}, dir, realDisk{}}.begin(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.close() })
	return d.file.Name()
}

// SpoilPages has the memory of pages overwritten when it is released, until the end of the test.
func SpoilPages(t *testing.T) {
	before := pageMemory
	pageMemory = pipetest.Spoiling(pageMemory)
	t.Cleanup(func() { pageMemory = before })
}

// HalfBits returns the bits of the float16 that is nearest to f.
func HalfBits(f float32) uint16 { return half(f) }
