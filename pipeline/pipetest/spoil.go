package pipetest

import "github.com/apache/arrow/go/v17/arrow/memory"

// Spoiling returns an allocator that overwrites what is released, as memory that is used again will be: what reads a
// batch after its release sees it in a test, and not once in a thousand runs.
func Spoiling(mem memory.Allocator) memory.Allocator { return spoiling{mem} }

type spoiling struct{ memory.Allocator }

func (s spoiling) Free(piece []byte) {
	for i := range piece {
		piece[i] = 0xDB
	}
	s.Allocator.Free(piece)
}
