package pool

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// The team: what callers and helpers share.
var (
	active atomic.Int64 // goroutines that work: callers, and helpers with a fork that is not nested
	posted atomic.Int64 // goes up when there may be something to join

	mu       sync.Mutex
	open     []*fork // that callers have not withdrawn
	watching int     // helpers without a fork
)

// post opens a fork to helpers, for a caller that starts to work.
func post(f *fork, processors int) {
	mu.Lock()
	defer mu.Unlock()
	active.Add(f.share())
	open = append(open, f)
	call(processors, f.pieces-1)
}

// withdraw closes a fork to further helpers.
func withdraw(f *fork) {
	mu.Lock()
	defer mu.Unlock()
	i := slices.Index(open, f)
	open = slices.Delete(open, i, i+1)
}

// share is how much of a processor it takes to work on a fork, beside what its pieces take.
func (f *fork) share() int64 {
	if f.nested {
		return 0
	}
	return 1
}

// retire makes room for helpers where a fork's caller worked.
func retire(f *fork, processors int) {
	mu.Lock()
	defer mu.Unlock()
	active.Add(-f.share())
	if len(open) > 0 {
		call(processors, 1)
	}
}

// call asks helpers to look for a fork, and starts what is missing of up to wanted. It needs the lock.
func call(processors int, wanted int64) {
	posted.Add(1)
	wanted = min(wanted, int64(processors)-active.Load()) - int64(watching)
	for range wanted {
		watching++
		go help()
	}
}

// help joins forks until there have been none for a while.
func help() {
	for {
		seen := posted.Load()
		if f := join(); f != nil {
			processors := int64(runtime.GOMAXPROCS(0))
			f.work(func() bool { return active.Load()+1-f.share() <= processors })
			leave(f)
			continue
		}
		if !watch(func() bool { return posted.Load() != seen }) && end(seen) {
			return
		}
	}
}

// join finds a watching helper the fork with the fewest helpers, if a processor is free to work on it.
func join() *fork {
	mu.Lock()
	defer mu.Unlock()
	if active.Load() >= int64(runtime.GOMAXPROCS(0)) {
		return nil
	}
	var best *fork
	for _, f := range open {
		if f.next.Load() < f.pieces && (best == nil || f.helpers.Load() < best.helpers.Load()) {
			best = f
		}
	}
	if best != nil {
		watching--
		active.Add(best.share())
		best.helpers.Add(1)
		best.left.Add(1)
	}
	return best
}

// leave gives up a fork, which may be another Run's afterwards.
func leave(f *fork) {
	mu.Lock()
	watching++
	active.Add(-f.share())
	mu.Unlock()
	f.helpers.Add(-1)
	f.left.Done()
}

// end takes a helper from the team, unless something was posted since it looked.
func end(seen int64) bool {
	mu.Lock()
	defer mu.Unlock()
	if posted.Load() != seen {
		return false
	}
	watching--
	return true
}
