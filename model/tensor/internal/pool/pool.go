// Package pool runs the pieces that numeric work splits into. A process has one team of helpers, of which no more
// work at a time than there are processors (GOMAXPROCS) left by the callers: however many goroutines call Run, there
// is nothing to size, to start or to stop.
//
// The team is made for forks that follow each other within microseconds, as the products of one picture do. A helper
// without work watches for some for about a tenth of a millisecond and then ends; a later Run starts another. So a
// process at rest has no goroutine of this package, and one at work starts none for each product.
package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A Job is work in numbered pieces, which may be done in any order and at the same time.
type Job interface{ Do(piece int) }

// Func makes a Job of a function.
type Func func(piece int)

// Do calls f.
func (f Func) Do(piece int) { f(piece) }

// A fork is one call of Run.
type fork struct {
	job     Job
	pieces  int64
	nested  bool // pieces call Run themselves, and who does one counts there
	next    atomic.Int64
	fault   atomic.Pointer[any] // what the first panic said
	helpers atomic.Int32        // inside work
	left    sync.WaitGroup      // the same, to sleep on
}

var forks = sync.Pool{New: func() any { return new(fork) }}

// Run does pieces 0 to pieces-1 of a job and returns when all are done. The caller works along, and alone where no
// processor is free. A panic in a piece becomes the caller's once the pieces under way have ended; the others are left
// undone. A piece may call Run too, but counts as two callers meanwhile: see RunNested.
func Run(pieces int, job Job) { run(pieces, job, false) }

// RunNested is Run for pieces that do most of their work by calling Run. Those who have done their last piece help in
// what is left of the others'.
func RunNested(pieces int, job Job) { run(pieces, job, true) }

func run(pieces int, job Job, nested bool) {
	processors := runtime.GOMAXPROCS(0)
	if pieces <= 1 || processors == 1 {
		for piece := range pieces {
			job.Do(piece)
		}
		return
	}
	f := forks.Get().(*fork)
	f.job, f.pieces, f.nested = job, int64(pieces), nested
	f.next.Store(0)
	post(f, processors)
	f.work(func() bool { return true })
	withdraw(f)
	watch(func() bool { return f.helpers.Load() == 0 })
	f.left.Wait()
	retire(f, processors)
	fault := f.fault.Swap(nil)
	f.job = nil
	forks.Put(f)
	if fault != nil {
		panic(*fault)
	}
}

// work does pieces for as long as there are any and stay allows.
func (f *fork) work(stay func() bool) {
	defer func() {
		if r := recover(); r != nil {
			fault := r // which alone is then on the heap
			f.fault.CompareAndSwap(nil, &fault)
			f.next.Store(f.pieces)
		}
	}()
	for stay() {
		piece := f.next.Add(1) - 1
		if piece >= f.pieces {
			return
		}
		f.job.Do(int(piece))
	}
}

// watch waits for news, for about a tenth of a millisecond: longer than it takes between two products, or to wake
// a processor, and too short to be missed. It counts looks, not time, since tests may stop the clock.
func watch(news func() bool) bool {
	for look := range 100_000 {
		if news() {
			return true
		}
		if look%10_000 == 9_999 {
			runtime.Gosched()
		}
	}
	return false
}
