package store

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gocloud.dev/blob"
)

// A Bucket is a store of objects. It is safe for use by several goroutines.
type Bucket struct {
	name      string // "s3://photos"
	blobs     *blob.Bucket
	transport *http.Transport
}

// OpenBucket opens the bucket of an address, with the options that it has. Nothing is asked of it yet.
func OpenBucket(ctx context.Context, address string) (*Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	name, _ := cutBucket(address)
	name, _ = CutOptions(name)
	if u.Host == "" {
		return nil, fmt.Errorf("%q names no bucket", address)
	}
	b := &Bucket{name: name, transport: newTransport()}
	open := openS3
	if u.Scheme == "gs" {
		open = openGS
	}
	if b.blobs, err = open(ctx, u, b.transport); err != nil {
		return nil, fmt.Errorf("open %s: %w", name, explain(err))
	}
	return b, nil
}

// newTransport returns a transport of a bucket's own, whose connections end with it. It does not wait for long for a
// server that is not there, or that says nothing.
func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16
	t.ResponseHeaderTimeout = time.Minute
	return t
}

// Close lets connections go. The bucket can still be used.
func (b *Bucket) Close() error {
	b.transport.CloseIdleConnections()
	return nil
}

// key returns the key that a path has in the bucket.
func (b *Bucket) key(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, b.name), "/")
}

// path returns the path of a key.
func (b *Bucket) path(key string) string {
	if key == "" || key == "." {
		return b.name
	}
	return b.name + "/" + key
}

// Open opens an object, whose size it asks for.
func (b *Bucket) Open(ctx context.Context, path string) (File, error) {
	attributes, err := b.blobs.Attributes(ctx, b.key(path))
	if err != nil {
		return nil, pathError("open", path, err)
	}
	return newObject(ctx, b, path, info{path: path, size: attributes.Size, modified: attributes.ModTime}), nil
}

// OpenRoot confines paths to a prefix.
func (b *Bucket) OpenRoot(_ context.Context, dir string) (Root, error) {
	return bucketRoot{b, strings.TrimSuffix(dir, "/")}, nil
}

// A bucketRoot is what is below a prefix.
type bucketRoot struct {
	bucket *Bucket
	dir    string
}

func (r bucketRoot) Name() string { return r.dir }

func (r bucketRoot) Open(ctx context.Context, path string) (File, error) {
	if !fs.ValidPath(path) {
		return nil, pathError("open", path, fs.ErrInvalid)
	}
	return r.bucket.Open(ctx, Join(r.dir, path))
}

func (r bucketRoot) Exists(ctx context.Context, path string) (bool, error) {
	ok, err := r.bucket.blobs.Exists(ctx, r.bucket.key(Join(r.dir, path)))
	if err != nil {
		err = pathError("stat", Join(r.dir, path), err)
	}
	return ok, err
}

func (r bucketRoot) ReadDir(ctx context.Context, path string) ([]fs.DirEntry, error) {
	return r.bucket.ReadDir(ctx, Join(r.dir, path))
}

// Close lets the bucket's connections go.
func (r bucketRoot) Close() error { return r.bucket.Close() }
