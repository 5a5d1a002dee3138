package kernel

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pages makes a slice of zeros that lives as long as its owner, outside of Go's heap: a heap that held the weights would
// let as much garbage pile up beside them before it is collected. Huge pages spare the processor most look-ups of
// addresses, since every product walks through all weights.
func pages[T float32 | int16 | int8, O any](owner *O, n int) []T {
	const huge = 2 << 20
	size := n * int(unsafe.Sizeof(*new(T)))
	if size == 0 {
		return nil
	}
	mapped, err := unix.Mmap(-1, 0, size+huge, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return aligned[T](n)
	}
	runtime.AddCleanup(owner, func(m []byte) { _ = unix.Munmap(m) }, mapped)
	start := int(-uintptr(unsafe.Pointer(unsafe.SliceData(mapped))) & (huge - 1))
	_ = unix.Madvise(mapped[start:start+size], unix.MADV_HUGEPAGE) // where there are none, small ones do
	return unsafe.Slice((*T)(unsafe.Pointer(&mapped[start])), n)
}
