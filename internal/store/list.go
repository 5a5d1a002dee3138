package store

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"gocloud.dev/blob"
)

// An info describes an object, or the directory that others make.
type info struct {
	path     string
	size     int64
	modified time.Time
	dir      bool
}

func (i info) Name() string       { return path.Base(i.path) }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return i.modified }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

// Stat describes an object, or else a directory.
func (b *Bucket) Stat(ctx context.Context, path string) (fs.FileInfo, error) {
	key := strings.TrimSuffix(b.key(path), "/")
	if key != "" {
		attributes, err := b.attributes(ctx, key)
		if err == nil {
			return info{path: path, size: attributes.Size, modified: attributes.ModTime}, nil
		}
		if !isNotExist(err) {
			return nil, pathError("stat", path, err)
		}
		key += "/"
	}
	some, err := b.some(ctx, key)
	if err == nil && !some && key != "" {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, pathError("stat", path, err)
	}
	return info{path: path, dir: true}, nil
}

// Check returns an error where there is no such bucket, or it may not be listed at a path, at which nothing need be.
func (b *Bucket) Check(ctx context.Context, path string) error {
	if _, err := b.some(ctx, b.key(path)); err != nil {
		return pathError("list", path, err)
	}
	return nil
}

// some reports whether there are keys with a prefix.
func (b *Bucket) some(ctx context.Context, prefix string) (bool, error) {
	found, _, err := b.blobs.ListPage(ctx, blob.FirstPageToken, 1, &blob.ListOptions{Prefix: prefix})
	return len(found) > 0, err
}

// ReadDir lists a directory, in the order of its names.
func (b *Bucket) ReadDir(ctx context.Context, dir string) ([]fs.DirEntry, error) {
	var entries []fs.DirEntry
	prefix := strings.TrimSuffix(b.key(dir), "/")
	if prefix != "" {
		prefix += "/"
	}
	for list := b.blobs.List(&blob.ListOptions{Prefix: prefix, Delimiter: "/"}); ; {
		o, err := list.Next(ctx)
		if err == io.EOF {
			return entries, nil
		}
		if err != nil {
			return nil, pathError("list", dir, err)
		}
		if name := strings.TrimSuffix(strings.TrimPrefix(o.Key, prefix), "/"); name != "" { // else a mark that there is a directory
			entry := info{path: b.path(prefix + name), size: o.Size, modified: o.ModTime, dir: o.IsDir}
			entries = append(entries, fs.FileInfoToDirEntry(entry))
		}
	}
}

// WalkDir visits all that is below a path.
func (b *Bucket) WalkDir(ctx context.Context, path string, visit fs.WalkDirFunc) error {
	tree := &tree{ctx: ctx, b: b}
	return fs.WalkDir(tree, tree.name(path), func(name string, e fs.DirEntry, err error) error {
		return visit(b.path(name), e, err)
	})
}

// Glob returns what matches a pattern.
func (b *Bucket) Glob(ctx context.Context, pattern string) ([]string, error) {
	tree := &tree{ctx: ctx, b: b}
	names, err := fs.Glob(tree, tree.name(pattern))
	if err == nil {
		err = tree.failed // which Glob takes for nothing there
	}
	for i := range names {
		names[i] = b.path(names[i])
	}
	return names, err
}

// A tree is a bucket as a file system, for walking about in it.
type tree struct {
	ctx    context.Context
	b      *Bucket
	failed error // the first, but for what is not there
}

func (t *tree) note(err error) error {
	if err != nil && t.failed == nil && !errors.Is(err, fs.ErrNotExist) {
		t.failed = err
	}
	return err
}

// name returns what a path is called in the tree.
func (t *tree) name(path string) string {
	if key := strings.TrimSuffix(t.b.key(path), "/"); key != "" {
		return key
	}
	return "."
}

func (t *tree) Open(name string) (fs.File, error) {
	return nil, pathError("open", t.b.path(name), errors.ErrUnsupported)
}

func (t *tree) Stat(name string) (fs.FileInfo, error) {
	info, err := t.b.Stat(t.ctx, t.b.path(name))
	return info, t.note(err)
}

func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := t.b.ReadDir(t.ctx, t.b.path(name))
	return entries, t.note(err)
}
