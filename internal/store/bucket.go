package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
)

// A Bucket is a store of objects. It is safe for use by several goroutines.
type Bucket struct {
	name      string // "s3://photos"
	blobs     *blob.Bucket
	putter    putter
	transport *http.Transport
	reached   atomic.Bool // it is there, and may be read
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
	if b.blobs, b.putter, err = open(ctx, u, b.transport); err != nil {
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
	attributes, err := b.attributes(ctx, b.key(path))
	if err != nil {
		return nil, pathError("open", path, err)
	}
	return newObject(ctx, b, path, info{path: path, size: attributes.Size, modified: attributes.ModTime}), nil
}

// attributes asks what an object is. The server says no more than that there is none, or that it may not be read: where
// that may be for want of a bucket or of credentials, a list is asked for, which says why.
func (b *Bucket) attributes(ctx context.Context, key string) (*blob.Attributes, error) {
	attributes, err := b.blobs.Attributes(ctx, key)
	var answer smithy.APIError
	switch {
	case err == nil:
		b.reached.Store(true)
	case isNotExist(err) && !b.reached.Load(), !isNotExist(err) && errors.As(err, &answer):
		if _, why := b.some(ctx, key); why != nil {
			return nil, why
		}
		b.reached.Store(true)
	}
	return attributes, err
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
	_, err := r.bucket.attributes(ctx, r.bucket.key(Join(r.dir, path)))
	if isNotExist(err) {
		return false, nil
	}
	if err != nil {
		err = pathError("stat", Join(r.dir, path), err)
	}
	return err == nil, err
}

func (r bucketRoot) ReadDir(ctx context.Context, path string) ([]fs.DirEntry, error) {
	return r.bucket.ReadDir(ctx, Join(r.dir, path))
}

// Close lets the bucket's connections go.
func (r bucketRoot) Close() error { return r.bucket.Close() }
