package store

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Disk is the store of local files.
type Disk struct{}

// readOnly opens a file for reading, and a FIFO too, without waiting for its writer.
const readOnly = os.O_RDONLY | syscall.O_NONBLOCK

// Open opens a file. A FIFO waits for its writer.
func (Disk) Open(_ context.Context, path string) (File, error) { return opened(os.Open(path)) }

// opened keeps a nil out of an interface.
func opened(file *os.File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return file, nil
}

// Stat follows symbolic links.
func (Disk) Stat(_ context.Context, path string) (fs.FileInfo, error) { return os.Stat(path) }

// ReadDir lists a directory.
func (Disk) ReadDir(_ context.Context, dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }

// WalkDir visits all that is below a path.
func (Disk) WalkDir(_ context.Context, path string, visit fs.WalkDirFunc) error {
	return filepath.WalkDir(path, visit)
}

// Glob returns what matches a pattern.
func (Disk) Glob(_ context.Context, pattern string) ([]string, error) { return filepath.Glob(pattern) }

// OpenRoot opens a directory.
func (Disk) OpenRoot(_ context.Context, dir string) (Root, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return diskRoot{root}, nil
}

// Close does nothing.
func (Disk) Close() error { return nil }

type diskRoot struct{ *os.Root }

// Open opens a file, and a FIFO without waiting.
func (r diskRoot) Open(_ context.Context, path string) (File, error) {
	return opened(r.OpenFile(filepath.FromSlash(path), readOnly, 0))
}

func (r diskRoot) Exists(_ context.Context, path string) (bool, error) {
	_, err := r.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// ReadDir reads a piece at a time, so that a large directory can be given up.
func (r diskRoot) ReadDir(ctx context.Context, path string) ([]fs.DirEntry, error) {
	file, err := r.Root.Open(filepath.FromSlash(path))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var entries []fs.DirEntry
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		some, err := file.ReadDir(1024)
		entries = append(entries, some...)
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
