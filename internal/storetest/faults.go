package storetest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// A Fault is what happens to a request.
type Fault int

const (
	None       Fault = iota
	Drop             // the connection is cut before the request is looked at
	Lose             // the request is carried out, and the connection cut in place of its answer
	Cut              // the connection is cut in the middle of the answer
	Fail             // the server says 500 and does nothing
	LoseFailed       // the request is carried out, and the server says 500
	SlowDown         // the server says 503 and does nothing
	Late             // the connection is cut, and the request carried out later
	Deny             // the server says 403, of S3, and does nothing
)

// Faults does to the requests of a server what it is told.
type Faults struct {
	mu       sync.Mutex
	server   http.Handler
	next     func(*http.Request) Fault // nil: none
	hold     func(*http.Request)       // nil: not
	requests int
	late     sync.WaitGroup
}

// Set sets what decides about requests, which is called for one at a time.
func (f *Faults) Set(next func(*http.Request) Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = next
}

// Replace puts another server in the place of the one that was started.
func (f *Faults) Replace(server http.Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.server = server
}

// Hold sets what is called with each request before it is looked at, for many at once, and may keep it waiting.
func (f *Faults) Hold(hold func(*http.Request)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hold = hold
}

// Requests returns how many there have been.
func (f *Faults) Requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests
}

// Settle waits for requests that are late.
func (f *Faults) Settle() { f.late.Wait() }

// decide returns what happens to a request, and who answers it.
func (f *Faults) decide(r *http.Request) (Fault, http.Handler) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	if f.next == nil {
		return None, f.server
	}
	return f.next(r), f.server
}

func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	hold := f.hold
	f.mu.Unlock()
	if hold != nil {
		hold(r)
	}
	fault, server := f.decide(r)
	switch fault {
	case Drop:
		panic(http.ErrAbortHandler)
	case Lose:
		server.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case Cut:
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	case Fail:
		http.Error(w, "", http.StatusInternalServerError)
	case LoseFailed:
		server.ServeHTTP(httptest.NewRecorder(), r)
		http.Error(w, "", http.StatusInternalServerError)
	case SlowDown:
		http.Error(w, "", http.StatusServiceUnavailable)
	case Deny:
		refuse(w, r, http.StatusForbidden, "AccessDenied", "Access Denied")
	case Late:
		copied := later(r)
		f.late.Go(func() {
			time.Sleep(100 * time.Millisecond)
			server.ServeHTTP(httptest.NewRecorder(), copied)
		})
		panic(http.ErrAbortHandler)
	default:
		server.ServeHTTP(w, r)
	}
}

// later returns a request that can be carried out when its connection is gone.
func later(r *http.Request) *http.Request {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	copied := r.Clone(context.Background())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	return copied
}
