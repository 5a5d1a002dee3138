package sinks

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// An aside is a file that is written beside its place, under the same name with .tmp behind, and moved there when it
// is complete. It stays open until it is closed, so that it can be told from another of that name. For a bucket it is a
// file without a name.
type aside struct {
	path      string
	file      *os.File
	bucket    *inBucket // nil where the place is on disk
	alone     bool      // in its bucket, which ends with it
	published bool
	err       error // the first of a write, kept because not every encoder hands it on
}

// createAside begins a file. Where two are begun for one place, the later wins and the earlier fails to publish.
func createAside(path string) (*aside, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // so that a link stays one
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	tmp := path + ".tmp"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	file, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &aside{path: path, file: file}, nil
}

func (a *aside) Write(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	n, err := a.file.Write(p)
	a.err = err
	return n, err
}

// complete makes what was written durable. Nothing is written after it.
func (a *aside) complete() error {
	if a.err == nil && a.bucket == nil {
		a.err = a.file.Sync()
	}
	return a.err
}

// keep completes a file by a function, moves it to its place, and closes it.
func (a *aside) keep(complete func() error) error {
	defer a.close()
	if err := complete(); err != nil {
		return err
	}
	if err := a.publish(); err != nil {
		return err
	}
	if a.bucket != nil {
		return nil
	}
	return syncDir(filepath.Dir(a.path))
}

// publish moves a complete file to its place, to which a syncDir belongs.
func (a *aside) publish() error {
	if a.bucket != nil {
		err := a.bucket.put(a.path, a.file, false)
		a.published = err == nil
		return err
	}
	if !a.waits() {
		return fmt.Errorf("%s was replaced by another writer", a.file.Name())
	}
	err := os.Rename(a.file.Name(), a.path)
	a.published = err == nil
	return err
}

// waits reports whether the file is still there under its temporary name.
func (a *aside) waits() bool {
	if a.bucket != nil {
		return false // it has no name
	}
	mine, err := a.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(a.file.Name())
	return err == nil && os.SameFile(mine, there)
}

// close closes the file, and removes it where it was not published.
func (a *aside) close() error {
	waits := a.waits()
	err := a.file.Close()
	if a.alone {
		a.bucket.close()
	}
	if waits {
		if removeErr := os.Remove(a.file.Name()); err == nil {
			err = removeErr
		}
	}
	return err
}

// remove closes the file, and removes it where it was published too.
func (a *aside) remove() error {
	err := a.close()
	if a.published {
		remove := os.Remove
		if a.bucket != nil {
			remove = a.bucket.remove
		}
		if removeErr := remove(a.path); err == nil {
			err = removeErr
		}
	}
	return err
}

// syncDir makes what was moved into a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
