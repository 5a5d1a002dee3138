package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"sync"
	"testing"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/internal/storetest"
)

// inPieces is the option by which objects of more than 1000 bytes are put in pieces of so many.
const inPieces = "&one_put=1000"

// content returns what is under a path.
func content(t *testing.T, s store.Store, path string) []byte {
	t.Helper()
	f, err := s.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func completes(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
}

func TestPieces(t *testing.T) {
	server := storetest.StartS3(t)
	s := openStore(t, server.Address("")+inPieces).(*store.Bucket)
	completed := 0
	server.Faults.Set(func(r *http.Request) storetest.Fault {
		if completes(r) {
			completed++
		}
		return storetest.None
	})
	for _, size := range []int{0, 1, 999, 1000, 1001, 1999, 2000, 2001, 12_345} {
		path, want := fmt.Sprint("s3://pairs/dir/ü %?.", size), noise(size)
		before := completed
		err := s.Put(t.Context(), path, bytes.NewReader(want), int64(size), true)
		if err != nil || !bytes.Equal(content(t, s, path), want) {
			t.Errorf("%d bytes: %v, or they are others", size, err)
		}
		if large := size > 1000; large != (completed > before) {
			t.Errorf("%d bytes: put in pieces: %v", size, !large)
		}
		err = s.Put(t.Context(), path, bytes.NewReader(make([]byte, size)), int64(size), true)
		if !errors.Is(err, fs.ErrExist) || !bytes.Equal(content(t, s, path), want) {
			t.Errorf("%d bytes: %v where there is an object, or it was replaced", size, err)
		}
		replaced := make([]byte, size)
		err = s.Put(t.Context(), path, bytes.NewReader(replaced), int64(size), false)
		if err != nil || !bytes.Equal(content(t, s, path), replaced) {
			t.Errorf("%d bytes: not replaced: %v", size, err)
		}
	}
	if n := server.Unfinished(); n > 0 {
		t.Errorf("%d uploads are left", n)
	}
}

// Of many that put one object at a time one is first, though all have put their pieces before any completes.
func TestPiecesOfManyWriters(t *testing.T) {
	server := storetest.StartS3(t)
	s := openStore(t, server.Address("x")+inPieces).(*store.Bucket)
	const writers = 6
	all, waiting := make(chan struct{}), 0
	var mu sync.Mutex
	server.Faults.Hold(func(r *http.Request) {
		if !completes(r) {
			return
		}
		mu.Lock()
		if waiting++; waiting == writers {
			close(all)
		}
		mu.Unlock()
		<-all
	})
	results := make([]error, writers)
	var putting sync.WaitGroup
	for i := range results {
		putting.Go(func() {
			results[i] = s.Put(t.Context(), "s3://pairs/x", bytes.NewReader(bytes.Repeat([]byte{byte(i)}, 5000)), 5000, true)
		})
	}
	putting.Wait()
	won := -1
	for i, err := range results {
		switch {
		case err == nil && won < 0:
			won = i
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("writer %d: %v", i, err)
		}
	}
	if won < 0 || !bytes.Equal(content(t, s, "s3://pairs/x"), bytes.Repeat([]byte{byte(won)}, 5000)) {
		t.Errorf("writer %d was first, but another's object is there", won)
	}
	if n := server.Unfinished(); n > 0 {
		t.Errorf("%d uploads are left", n)
	}
}

// Whatever happens to one request, or to all that complete, an object is there as a whole or not at all, it is not put
// over another's, and no pieces are left.
func TestPiecesThroughFaults(t *testing.T) {
	server := storetest.StartS3(t)
	s := openStore(t, server.Address("x")+inPieces).(*store.Bucket)
	faults := []storetest.Fault{storetest.Drop, storetest.Lose, storetest.Cut, storetest.Fail, storetest.LoseFailed, storetest.SlowDown, storetest.Late}
	want, theirs := noise(5000), make([]byte, 6000)
	for _, fault := range faults {
		for _, test := range []struct {
			name  string
			hit   func(r *http.Request) bool
			times int
			taken bool // there is another's object
		}{
			{"completion", completes, 1, false},
			{"completion where there is another's", completes, 1, true},
			{"each completion", completes, 1 << 30, false},
			{"each completion where there is another's", completes, 1 << 30, true},
			{"piece", func(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "3" }, 1, false},
			{"each third piece", func(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "3" }, 1 << 30, false},
			{"abort", func(r *http.Request) bool { return r.Method == http.MethodDelete }, 1, true},
		} {
			path := fmt.Sprint("s3://pairs/", test.name, fault)
			if test.taken {
				put(t, s, path, theirs)
			}
			times := 0
			server.Faults.Set(func(r *http.Request) storetest.Fault {
				if test.hit(r) && times < test.times {
					times++
					return fault
				}
				return storetest.None
			})
			err := s.Put(t.Context(), path, bytes.NewReader(want), int64(len(want)), true)
			server.Faults.Set(nil)
			server.Faults.Settle()
			there := []byte(nil)
			if _, err := s.Stat(t.Context(), path); err == nil {
				there = content(t, s, path)
			}
			what := fmt.Sprintf("fault %d of %s", fault, test.name)
			switch {
			case times == 0:
				t.Errorf("%s: there was no such request", what)
			case test.taken && !bytes.Equal(there, theirs):
				t.Errorf("%s: it was replaced, %v", what, err)
			case !test.taken && there != nil && !bytes.Equal(there, want):
				t.Errorf("%s: %d bytes are there, %v", what, len(there), err)
			case err == nil && (test.taken || there == nil), errors.Is(err, fs.ErrExist) && there == nil:
				t.Errorf("%s: %v, but %d bytes are there", what, err, len(there))
			case test.times == 1 && err != nil && !errors.Is(err, fs.ErrExist):
				t.Errorf("%s: %v", what, err)
			}
			if n := server.Unfinished(); n > 0 {
				t.Errorf("%s: %d uploads are left", what, n)
			}
		}
	}
}

// A put that is given up leaves no pieces either.
func TestPiecesGivenUp(t *testing.T) {
	server := storetest.StartS3(t)
	s := openStore(t, server.Address("x")+inPieces).(*store.Bucket)
	ctx, cancel := context.WithCancel(t.Context())
	server.Faults.Hold(func(r *http.Request) {
		if r.URL.Query().Get("partNumber") == "4" {
			cancel()
		}
	})
	if err := s.Put(ctx, "s3://pairs/x", bytes.NewReader(noise(9000)), 9000, true); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := server.Unfinished(); n > 0 {
		t.Errorf("%d uploads are left", n)
	}
}
