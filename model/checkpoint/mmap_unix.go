//go:build unix

package checkpoint

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps size > 0 bytes, read-only; several processes of one model share the pages.
func mapFile(file *os.File, size int) ([]byte, error) {
	return unix.Mmap(int(file.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
}

func unmap(data []byte) error { return unix.Munmap(data) }

// forget may fail: then the pages stay until the system wants them.
func forget(data []byte) { _ = unix.Madvise(data, unix.MADV_DONTNEED) }
