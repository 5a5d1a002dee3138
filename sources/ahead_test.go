package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pairstream/pairstream/internal/store"
)

// A fakeBucket is a folder of files of one size, each of which takes its time.
type fakeBucket struct {
	store.Root
	size  int64
	delay func(path string) time.Duration
	fails string // a path

	mu        sync.Mutex
	now, most int // files that are open
	begun     int // files whose bytes were asked for
}

func (b *fakeBucket) Name() string { return "s3://fake" }

func (b *fakeBucket) Open(ctx context.Context, path string) (store.File, error) {
	b.mu.Lock()
	b.now++
	b.most = max(b.most, b.now)
	b.mu.Unlock()
	select {
	case <-time.After(b.delay(path)):
	case <-ctx.Done():
		b.close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: ctx.Err()}
	}
	if path == b.fails {
		b.close()
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("the network is down")}
	}
	return &fakeFile{Reader: io.LimitReader(zeros{}, b.size), bucket: b}, nil
}

func (b *fakeBucket) close() {
	b.mu.Lock()
	b.now--
	b.mu.Unlock()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

type fakeFile struct {
	store.File
	io.Reader
	bucket *fakeBucket
	begun  bool
}

func (f *fakeFile) Read(p []byte) (int, error) {
	if !f.begun {
		f.begun = true
		f.bucket.mu.Lock()
		f.bucket.begun++
		f.bucket.mu.Unlock()
	}
	return f.Reader.Read(p)
}

func (f *fakeFile) Close() error               { f.bucket.close(); return nil }
func (f *fakeFile) Stat() (fs.FileInfo, error) { return fakeInfo{size: f.bucket.size}, nil }

type fakeInfo struct {
	fs.FileInfo
	size int64
}

func (i fakeInfo) Size() int64       { return i.size }
func (i fakeInfo) Mode() fs.FileMode { return 0o444 }

// rowsAhead returns what reads n files, "0" and so on, from a bucket.
func rowsAhead(ctx context.Context, b *fakeBucket, n int) *ahead {
	i := 0
	return newAhead(ctx, b, func(context.Context) (task, error) {
		if i == n {
			return task{}, io.EOF
		}
		path := fmt.Sprint(i)
		i++
		return task{pairRow{id: path}, func(f *files, r *pairRow) { r.image, r.err = f.read(path, 1<<30) }}, nil
	})
}

// Rows come in order, whatever takes how long, and so many are read at the same time as may be.
func TestAheadKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBucket{size: 10, delay: func(path string) time.Duration { return time.Duration(len(path)*int(path[0])%7) * time.Second }}
		a := rowsAhead(t.Context(), b, 100)
		defer a.close()
		for i := range 100 {
			r, err := a.row(t.Context())
			if err != nil || r.err != nil || r.id != fmt.Sprint(i) || len(r.image) != 10 {
				t.Fatalf("row %d is %q: %v, %v", i, r.id, err, r.err)
			}
		}
		if _, err := a.row(t.Context()); err != io.EOF {
			t.Error(err)
		}
		if b.most != maxAhead {
			t.Errorf("%d were read at the same time, not %d", b.most, maxAhead)
		}
	})
}

// What is read and not given is bounded in bytes. The next row is read in any case, so that a large one has its turn.
func TestAheadIsBounded(t *testing.T) {
	for size, most := range map[int64]int{1000: 4 + 1, 4001: 1} {
		synctest.Test(t, func(t *testing.T) {
			b := &fakeBucket{size: size, delay: func(string) time.Duration { return time.Second }}
			a := rowsAhead(t.Context(), b, 12)
			a.limit = 4000
			defer a.close()
			for given := 1; ; given++ {
				_, err := a.row(t.Context())
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				b.mu.Lock()
				if held := b.begun - given + 1; held > most {
					t.Errorf("%d files of %d bytes are held, not %d", held, size, most)
				}
				b.mu.Unlock()
			}
		})
	}
}

// An error comes behind the rows before it, though it happened earlier.
func TestAheadFailsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBucket{size: 10, fails: "5", delay: func(path string) time.Duration {
			if path == "5" {
				return 0
			}
			return time.Second
		}}
		a := rowsAhead(t.Context(), b, 100)
		defer a.close()
		for i := range 5 {
			if r, err := a.row(t.Context()); err != nil || r.err != nil {
				t.Fatal(i, err, r.err)
			}
		}
		if _, err := a.row(t.Context()); err == nil || !strings.Contains(err.Error(), `"5": the network is down`) {
			t.Error(err)
		}
	})
}

// A call that is given up can be made again; close ends what is being read, and synctest that nothing else is left.
func TestAheadGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &fakeBucket{size: 10, delay: func(string) time.Duration { return time.Minute }}
		a := rowsAhead(t.Context(), b, 100)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.row(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if r, err := a.row(t.Context()); err != nil || r.id != "0" {
			t.Errorf("row %q, %v", r.id, err)
		}
		a.close()
		if b.now != 0 {
			t.Errorf("%d files are open", b.now)
		}
	})
}

// Rows that hold bytes from the start count too.
func TestAheadCountsWhatRowsHold(t *testing.T) {
	n := 0
	a := newAhead(t.Context(), new(fakeBucket), func(context.Context) (task, error) {
		n++
		return task{row: pairRow{image: make([]byte, 1000)}}, nil
	})
	a.limit = 4000
	defer a.close()
	for given := 1; given < 50; given++ {
		if r, err := a.row(t.Context()); err != nil || len(r.image) != 1000 {
			t.Fatal(err)
		}
		if held := n - given + 1; held > 4 {
			t.Fatalf("%d rows of 1000 bytes are held", held)
		}
	}
}
