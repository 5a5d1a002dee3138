package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// processors sets GOMAXPROCS for a test.
func processors(t testing.TB, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

func TestRun(t *testing.T) {
	for _, p := range []int{1, 2, 4} {
		processors(t, p)
		for _, pieces := range []int{-1, 0, 1, 2, 3, 100, 5000} {
			done := make([]atomic.Int32, max(pieces, 0))
			Run(pieces, Func(func(i int) { done[i].Add(1) }))
			for i := range done {
				if n := done[i].Load(); n != 1 {
					t.Fatalf("%d processors: piece %d of %d was done %d times", p, i, pieces, n)
				}
			}
		}
	}
}

// TestSharing has many callers at once, some of which call again from their pieces, and counts who works: no more than
// the callers and one a processor.
func TestSharing(t *testing.T) {
	processors(t, 4)
	const callers, rounds, pieces = 6, 200, 20
	var total, working, most atomic.Int64
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for range rounds {
				Run(pieces, Func(func(i int) {
					now := working.Add(1)
					for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
					}
					if i == 0 {
						Run(3, Func(func(int) { total.Add(1) }))
					} else if i == 1 {
						RunNested(2, Func(func(int) { Run(2, Func(func(int) { total.Add(1) })) }))
					}
					total.Add(1)
					working.Add(-1)
				}))
			}
		})
	}
	group.Wait()
	if want := int64(callers * rounds * (pieces + 3 + 4)); total.Load() != want {
		t.Errorf("%d pieces were done, want %d", total.Load(), want)
	}
	if m := most.Load(); m > callers+4 {
		t.Errorf("%d goroutines worked at once", m)
	}
	if n := active.Load(); n != 0 {
		t.Errorf("%d goroutines are counted as active at rest", n)
	}
}

// TestHelp checks that a piece that waits for another is not alone.
func TestHelp(t *testing.T) {
	processors(t, 2)
	meet := make(chan bool)
	for range 100 {
		Run(2, Func(func(i int) {
			if i == 0 {
				meet <- true
			} else {
				<-meet
			}
		}))
	}
}

// TestNested checks that who has no piece left of nested work helps in what another piece has split: that piece waits for it.
func TestNested(t *testing.T) {
	processors(t, 2)
	meet := make(chan bool)
	for round := range 100 {
		RunNested(2, Func(func(i int) {
			if i == round%2 {
				return
			}
			Run(2, Func(func(j int) {
				if j == 0 {
					meet <- true
				} else {
					<-meet
				}
			}))
		}))
		if n := active.Load(); n != 0 {
			t.Fatalf("%d goroutines are counted as active at rest", n)
		}
	}
}

func TestPanic(t *testing.T) {
	processors(t, 2)
	for range 100 {
		func() {
			defer func() {
				if r := recover(); r != "bad piece" {
					t.Errorf("recovered %v", r)
				}
			}()
			Run(50, Func(func(i int) {
				if i == 20 {
					panic("bad piece")
				}
			}))
		}()
	}
}

// BenchmarkFork measures a fork and join of two empty pieces.
func BenchmarkFork(b *testing.B) {
	processors(b, 2)
	var job Job = Func(func(int) {})
	for b.Loop() {
		Run(2, job)
	}
}
