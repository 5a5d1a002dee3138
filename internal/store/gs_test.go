package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"testing"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/internal/storetest"
)

// Of many who put an object in pieces where there must be none, one is first, and the object is its.
func TestPiecesToGS(t *testing.T) {
	storetest.StartGS(t)
	at := storetest.GSAddress("x")
	s := openStore(t, at+"?one_put=1000").(*store.Bucket)
	const writers, size = 6, 700_000 // of pieces of 256 KiB
	results := make([]error, writers)
	done := make(chan int)
	for i := range writers {
		go func() {
			results[i] = s.Put(t.Context(), at, bytes.NewReader(bytes.Repeat([]byte{byte(i)}, size+i)), size+int64(i), true)
			done <- i
		}()
	}
	for range writers {
		<-done
	}
	there, won := content(t, s, at), 0
	for i, err := range results {
		if err == nil {
			won++
			if want := bytes.Repeat([]byte{byte(i)}, size+i); !bytes.Equal(there, want) {
				t.Errorf("%d was first, and %d bytes are there, not its %d", i, len(there), len(want))
			}
		} else if !errors.Is(err, fs.ErrExist) {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d were first", won, writers)
	}
}

// Whatever happens to a request, an object is there as a whole or not at all, and another's stays.
func TestPiecesToGSThroughFaults(t *testing.T) {
	faults := storetest.StartGS(t)
	s := openStore(t, storetest.GSAddress("x")+"?one_put=1000").(*store.Bucket)
	want, theirs := noise(700_000), noise(300)
	for _, fault := range []storetest.Fault{storetest.Drop, storetest.Lose, storetest.Cut, storetest.Fail, storetest.LoseFailed, storetest.SlowDown} {
		for _, taken := range []bool{false, true} {
			for nth := 1; nth <= 4; nth++ { // the beginning of an upload, and three pieces
				if fault == storetest.LoseFailed && nth > 1 {
					continue // the server takes a piece that comes again for another
				}
				what := fmt.Sprintf("fault %d of request %d, taken %t", fault, nth, taken)
				path := storetest.GSAddress(what)
				if taken {
					put(t, s, path, theirs)
				}
				n := 0
				faults.Set(func(r *http.Request) storetest.Fault {
					if r.Method == http.MethodPost || r.Method == http.MethodPut {
						if n++; n == nth {
							return fault
						}
					}
					return storetest.None
				})
				err := s.Put(t.Context(), path, bytes.NewReader(want), int64(len(want)), true)
				faults.Set(nil)
				var there []byte
				if _, err := s.Stat(t.Context(), path); err == nil {
					there = content(t, s, path)
				}
				switch {
				case n < nth && !taken:
					t.Errorf("%s: there were %d requests", what, n)
				case taken && !bytes.Equal(there, theirs):
					t.Errorf("%s: it was replaced, %v", what, err)
				case !taken && there != nil && !bytes.Equal(there, want):
					t.Errorf("%s: %d bytes are there, %v", what, len(there), err)
				case err == nil && (taken || there == nil), errors.Is(err, fs.ErrExist) && there == nil:
					t.Errorf("%s: %v, but %d bytes are there", what, err, len(there))
				case err != nil && !errors.Is(err, fs.ErrExist):
					t.Errorf("%s: %v", what, err)
				}
			}
		}
	}
}

// Whom Google refuses is told why.
func TestRefusedByGS(t *testing.T) {
	faults := storetest.StartGS(t)
	for status, message := range map[int]string{
		http.StatusUnauthorized: "Invalid Credentials",
		http.StatusForbidden:    "somebody does not have storage.objects.get access to the Google Cloud Storage object.",
	} {
		faults.Replace(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error": {"code": %d, "message": %q}}`, status, message)
		}))
		before := faults.Requests()
		check(t, storetest.GSAddress("x"), fmt.Sprintf("status %d: %s", status, message), true)
		if n := faults.Requests() - before; n > 10 { // two for what is no directory
			t.Errorf("%d requests: what is refused is asked for again", n)
		}
	}
}
