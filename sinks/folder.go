package sinks

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pairstream/pairstream/internal/store"
)

// A folder is a directory of parts. What is in it never changes: a part is written under a name of its own that begins
// with a dot and ends in .tmp, made durable, and then linked to its name, which fails where there is one of that name. In
// a bucket it is put there, on the condition that there is none.
type folder struct {
	place
	dir  string
	disk disk // of a folder on disk
}

// A disk is what folders need of a file system to make files last. Tests have one whose power they cut.
type disk interface {
	Sync(file *os.File) error
	Link(from, to string) error
	SyncDir(dir string) error
}

type realDisk struct{}

func (realDisk) Sync(file *os.File) error   { return file.Sync() }
func (realDisk) Link(from, to string) error { return os.Link(from, to) }
func (realDisk) SyncDir(dir string) error   { return syncDir(dir) }

// openFolder makes the directory where there is none, and returns the names in it that look like parts'. It removes
// what writers left that are no more.
func openFolder(ctx context.Context, path string, d disk) (folder, []string, error) {
	place, dir, err := openPlace(ctx, path)
	if err != nil {
		return folder{}, nil, err
	}
	f := folder{place, dir, d}
	made, err := f.mkdir(dir)
	if err != nil {
		return f, nil, err
	}
	if made {
		if err := d.SyncDir(filepath.Dir(filepath.Clean(dir))); err != nil {
			return f, nil, err
		}
	}
	entries, err := f.list(dir)
	if err != nil {
		return f, nil, err
	}
	var names []string
	for _, e := range entries {
		switch _, _, isPart := parsePartName(e.Name()); {
		case isPart:
			names = append(names, e.Name())
		case isDraftName(e.Name()):
			if err := sweep(f.path(e.Name())); err != nil {
				return f, nil, err
			}
		}
	}
	return f, names, nil
}

func (f folder) path(name string) string { return store.Join(f.dir, name) }

func (f folder) open(name string) (store.File, error) { return f.place.open(f.path(name)) }

// settle makes what can be seen in the folder durable. In a bucket it is.
func (f folder) settle() error {
	if _, ok := f.place.(onDisk); !ok {
		return nil
	}
	return f.disk.SyncDir(f.dir)
}

// A draft is a part that is being written. On disk it is locked, which tells those who sweep that its writer lives.
type draft struct {
	*aside
	disk disk
}

const (
	draftPrefix = "."
	draftSuffix = ".tmp"
)

// begin begins a part. Close it in the end.
func (f folder) begin(name string) (draft, error) {
	if _, ok := f.place.(onDisk); !ok {
		a, err := f.create(f.path(name))
		return draft{a, f.disk}, err
	}
	for {
		var random [8]byte
		rand.Read(random[:])
		tmp := f.path(draftPrefix + name + "." + hex.EncodeToString(random[:]) + draftSuffix)
		file, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return draft{}, err
		}
		d := draft{&aside{path: f.path(name), file: file}, f.disk}
		locked, err := lockFile(file)
		if errors.Is(err, errors.ErrUnsupported) {
			return d, nil // and nobody can sweep it either
		}
		if err != nil {
			d.close()
			return draft{}, fmt.Errorf("lock %s: %w", tmp, err)
		}
		if locked && d.waits() {
			return d, nil
		}
		d.close() // somebody swept it before it was locked
	}
}

// link publishes a draft under its name, with what was written durable. The error is fs.ErrExist where there is a part
// of that name. That the name is durable is for settle to see to.
func (d draft) link() error {
	if d.err == nil && d.bucket == nil {
		d.err = d.disk.Sync(d.file)
	}
	switch {
	case d.err != nil:
		return d.err
	case d.bucket != nil:
		return d.bucket.put(d.path, d.file, true)
	}
	return d.disk.Link(d.file.Name(), d.path)
}

// isDraftName reports whether a draft may have that name.
func isDraftName(name string) bool {
	part, ok := strings.CutPrefix(name, draftPrefix)
	if !ok {
		return false
	}
	if part, ok = strings.CutSuffix(part, draftSuffix); !ok {
		return false
	}
	dot := strings.LastIndexByte(part, '.')
	if dot < 0 || len(part)-dot != 1+16 {
		return false
	}
	_, _, ok = parsePartName(part[:dot])
	return ok
}

// sweep removes a draft that no writer holds.
func sweep(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // somebody else did, or its writer is done
	}
	if err != nil {
		return err
	}
	defer file.Close()
	locked, err := lockFile(file)
	if errors.Is(err, errors.ErrUnsupported) || err == nil && !locked {
		return nil
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", path, err)
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
