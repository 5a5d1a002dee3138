package sinks

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/pairstream/pairstream/internal/store"
)

// A place is where the files of a sink go: the disks of this machine, or a bucket.
type place interface {
	list(dir string) ([]fs.DirEntry, error)
	open(path string) (store.File, error)
	create(path string) (*aside, error)
	remove(path string) error

	// mkdir makes a directory, with those above it, and reports whether there was none. A bucket needs none.
	mkdir(dir string) (made bool, err error)

	// sync makes what was moved into a directory durable.
	sync(dir string) error

	// close lets connections go. The place can still be used.
	close() error
}

// openPlace returns the place that a path is in, and the path without options. The context is that of all that is done
// there, but does not end it: what a run has read it stores.
func openPlace(ctx context.Context, path string) (place, string, error) {
	if !store.IsAddress(path) {
		return onDisk{}, path, nil
	}
	b, err := store.OpenBucket(ctx, path)
	if err != nil {
		return nil, "", err
	}
	path, _ = store.CutOptions(path)
	if err := b.Check(ctx, path); err != nil { // before anything is computed
		b.Close()
		return nil, "", err
	}
	return &inBucket{b, context.WithoutCancel(ctx)}, path, nil
}

// createAt begins the file of a path.
func createAt(ctx context.Context, path string) (*aside, error) {
	place, path, err := openPlace(ctx, path)
	if err != nil {
		return nil, err
	}
	a, err := place.create(path)
	if err == nil {
		a.alone = a.bucket != nil
	}
	return a, err
}

// onDisk is the place of local files.
type onDisk struct{}

func (onDisk) list(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }
func (onDisk) create(path string) (*aside, error)     { return createAside(path) }
func (onDisk) remove(path string) error               { return os.Remove(path) }
func (onDisk) sync(dir string) error                  { return syncDir(dir) }
func (onDisk) close() error                           { return nil }

func (onDisk) open(path string) (store.File, error) {
	return store.Disk{}.Open(context.Background(), path)
}

func (onDisk) mkdir(dir string) (made bool, err error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		made = true
	}
	return made, os.MkdirAll(dir, 0o777)
}

// inBucket is the place of objects. They are written to a file on disk that has no name, and put as a whole.
type inBucket struct {
	*store.Bucket
	ctx context.Context
}

func (b *inBucket) list(dir string) ([]fs.DirEntry, error) { return b.ReadDir(b.ctx, dir) }
func (b *inBucket) open(path string) (store.File, error)   { return b.Open(b.ctx, path) }
func (b *inBucket) remove(path string) error               { return b.Remove(b.ctx, path) }
func (b *inBucket) mkdir(string) (bool, error)             { return false, nil }
func (b *inBucket) sync(string) error                      { return nil }
func (b *inBucket) close() error                           { return b.Close() }

func (b *inBucket) create(path string) (*aside, error) {
	file, err := os.CreateTemp("", "pairstream-*.tmp")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(file.Name()) // so that nothing is left of it, however this process ends
	return &aside{path: path, file: file, bucket: b}, nil
}

// put stores a file under a path.
func (b *inBucket) put(path string, file *os.File, exclusive bool) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return b.Put(b.ctx, path, file, info.Size(), exclusive)
}
