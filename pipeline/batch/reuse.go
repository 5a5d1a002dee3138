package batch

import (
	"context"
	"math/bits"
	"sync"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// ReusingAllocator returns an allocator for large buffers that come one after another, such as those of pictures. It
// gives out again, uncleared, what has been released, where Go would clear every byte before it is written. A context
// with an allocator of its own keeps that.
func ReusingAllocator(ctx context.Context) memory.Allocator {
	if mem := Allocator(ctx); mem != memory.DefaultAllocator {
		return mem
	}
	return &reused
}

var reused reuse

// reuse keeps released memory until the garbage collector has run twice: by size, in steps of a quarter of a power of two.
type reuse struct {
	pieces [4 * bits.UintSize]sync.Pool // of *[]byte
}

// step returns the smallest step that holds so many bytes, and its bytes.
func (*reuse) step(size int) (step, bytes int) {
	const least = 64 << 10
	size = max(size, least)
	shift := max(0, bits.Len(uint(size-1))-3)
	quarters := (size-1)>>shift + 1 // 5 to 8
	return 4*shift + quarters - 5, quarters << shift
}

// Allocate returns memory of any content.
func (r *reuse) Allocate(size int) []byte {
	step, bytes := r.step(size)
	if piece, ok := r.pieces[step].Get().(*[]byte); ok {
		return (*piece)[:size]
	}
	return make([]byte, size, bytes)
}

// Reallocate returns larger or smaller memory that begins as another, which must not be used any more.
func (r *reuse) Reallocate(size int, old []byte) []byte {
	if size <= cap(old) {
		return old[:size]
	}
	piece := r.Allocate(size)
	copy(piece, old)
	r.Free(old)
	return piece
}

// Free takes memory back.
func (r *reuse) Free(piece []byte) {
	if cap(piece) == 0 {
		return
	}
	if step, bytes := r.step(cap(piece)); bytes == cap(piece) {
		piece = piece[:0]
		r.pieces[step].Put(&piece)
	}
}
