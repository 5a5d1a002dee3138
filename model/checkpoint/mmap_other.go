//go:build !unix

package checkpoint

import (
	"io"
	"os"
)

// mapFile reads the file where it cannot be mapped.
func mapFile(file *os.File, size int) ([]byte, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(file, data)
	return data, err
}

func unmap([]byte) error { return nil }

func forget([]byte) {}
