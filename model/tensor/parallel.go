package tensor

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Parallel calls work(0) … work(n-1) on as many goroutines as there are processors to run them, and returns
// when all are done. A panic in one of them is the caller's.
func Parallel(n int, work func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers <= 1 {
		for i := range n {
			work(i)
		}
		return
	}
	var (
		next  atomic.Int64
		group sync.WaitGroup
		fault atomic.Value // what the first panic said
	)
	run := func() {
		defer func() {
			if r := recover(); r != nil {
				fault.CompareAndSwap(nil, panicked{r})
			}
		}()
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			work(i)
		}
	}
	for range workers - 1 {
		group.Go(run)
	}
	run()
	group.Wait()
	if f := fault.Load(); f != nil {
		panic(f.(panicked).value)
	}
}

type panicked struct{ value any }
