package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"gocloud.dev/blob"
)

// An object is read by windows: ranges of bytes that are asked for at once. A window is small where reading begins, and
// four times as large as the one before it where reading goes on; the one behind it is asked for when its second half is
// read. So a column of a Parquet file, a shard or a list has one request on its way while the last is decoded, and what
// jumps about does not fetch what it does not read.
type object struct {
	bucket *Bucket
	info   info
	ctx    context.Context
	cancel context.CancelFunc
	at     int64 // for Read and Seek

	mu      sync.Mutex
	windows []*window // the one used last at the end
	fetches sync.WaitGroup
}

const (
	firstWindow = 256 << 10
	maxWindow   = 4 << 20
	maxWindows  = 64 << 20 // bytes of all
)

// A window is what is or will be in memory.
type window struct {
	at, size int64
	done     chan struct{}
	bytes    []byte // valid once done is closed
	err      error
}

func (w *window) end() int64 { return w.at + w.size }

func newObject(ctx context.Context, b *Bucket, path string, i info) *object {
	o := &object{bucket: b, info: i}
	o.ctx, o.cancel = context.WithCancel(ctx)
	return o
}

func (o *object) Name() string               { return o.info.path }
func (o *object) Stat() (fs.FileInfo, error) { return o.info, nil }

// Read reads on from where the last Read or Seek ended.
func (o *object) Read(p []byte) (int, error) {
	if o.at >= o.info.size {
		return 0, io.EOF
	}
	n, err := o.ReadAt(p[:min(int64(len(p)), o.info.size-o.at)], o.at)
	o.at += int64(n)
	return n, err
}

func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.info.size
	}
	if offset < 0 {
		return 0, &fs.PathError{Op: "seek", Path: o.info.path, Err: fs.ErrInvalid}
	}
	o.at = offset
	return offset, nil
}

// ReadAt reads bytes from one on.
func (o *object) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, &fs.PathError{Op: "read", Path: o.info.path, Err: fs.ErrInvalid}
	}
	for n < len(p) {
		if at+int64(n) >= o.info.size {
			return n, io.EOF
		}
		w := o.window(at+int64(n), int64(len(p)-n))
		<-w.done
		if w.err != nil {
			return n, pathError("read", o.info.path, w.err)
		}
		n += copy(p[n:], w.bytes[at+int64(n)-w.at:])
	}
	return n, nil
}

// window returns the window that has a byte, of which so many are wanted from there on.
func (o *object) window(at, wanted int64) *window {
	o.mu.Lock()
	defer o.mu.Unlock()
	size := int64(firstWindow)
	for i, w := range o.windows {
		switch {
		case w.at <= at && at < w.end():
			o.windows = append(slices.Delete(o.windows, i, i+1), w)
			if behind := at + wanted; behind > w.at+w.size/2 && w.size > firstWindow && o.find(w.end()) == nil {
				o.fetch(w.end(), min(4*w.size, maxWindow))
			}
			return w
		case w.end() == at: // reading goes on
			size = min(4*w.size, maxWindow)
		}
	}
	if at+size > o.info.size && wanted < size { // the end of a file is read backwards: footers
		at = max(0, o.info.size-size)
	}
	return o.fetch(at, max(size, min(wanted, maxWindows/4)))
}

func (o *object) find(at int64) *window {
	for _, w := range o.windows {
		if w.at <= at && at < w.end() {
			return w
		}
	}
	return nil
}

// fetch begins a window, as far as the object goes, and forgets those that were not used for long.
func (o *object) fetch(at, size int64) *window {
	w := &window{at: at, size: min(size, o.info.size-at), done: make(chan struct{})}
	if w.size <= 0 {
		return w
	}
	o.windows = append(o.windows, w)
	held := int64(0)
	for i := len(o.windows) - 1; i >= 0; i-- {
		if held += o.windows[i].size; held > maxWindows {
			o.windows = slices.Delete(o.windows, 0, i+1)
			break
		}
	}
	o.fetches.Go(func() {
		defer close(w.done)
		w.bytes = make([]byte, w.size)
		w.err = o.read(w.bytes, w.at)
	})
	return w
}

// retries is how often a range is asked for again whose bytes stopped coming. That a request is answered at all is for
// the library to see to.
const retries = 4

// read fills p with the bytes from one on.
func (o *object) read(p []byte, at int64) error {
	for try := 0; ; try++ {
		n, err := o.readRange(p, at)
		if err == nil {
			return nil
		}
		if n == 0 && try > 0 || try == retries || errors.Is(err, errChanged) || isNotExist(err) || o.ctx.Err() != nil {
			return err
		}
		p, at = p[n:], at+int64(n)
		select {
		case <-time.After(time.Duration(try+1) * 100 * time.Millisecond):
		case <-o.ctx.Done():
			return o.ctx.Err()
		}
	}
}

var errChanged = errors.New("it changed while it was read")

// readRange reads by one request.
func (o *object) readRange(p []byte, at int64) (int, error) {
	r, err := o.bucket.blobs.NewRangeReader(o.ctx, o.bucket.key(o.info.path), at, int64(len(p)), &blob.ReaderOptions{})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if r.Size() != o.info.size || !r.ModTime().Truncate(time.Second).Equal(o.info.modified.Truncate(time.Second)) {
		return 0, fmt.Errorf("%w: from %d bytes of %v to %d of %v", errChanged, o.info.size, o.info.modified, r.Size(), r.ModTime())
	}
	n, err := io.ReadFull(r, p)
	return n, err
}

// Close ends what is on its way.
func (o *object) Close() error {
	o.cancel()
	o.fetches.Wait()
	return nil
}
