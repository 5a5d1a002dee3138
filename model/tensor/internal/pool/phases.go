package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// phases is one call of RunPhases. Its pieces, as a Job, are workers.
type phases struct {
	do      func(phase, piece int)
	count   int64
	claimed []claim      // by piece
	done    atomic.Int64 // pieces of all phases
	failed  atomic.Bool
}

// claim is how many phases of a piece have been taken, in a line of cache of its own.
type claim struct {
	phases atomic.Int64
	_      [56]byte
}

var phased = sync.Pool{New: func() any { return new(phases) }}

// RunPhases does the pieces of one phase after another: each phase begins when the one before is done, as in so many calls
// of Run, but the helpers stay. A piece is always done by the same worker where all keep up, so that what it leaves in its
// cache for later phases is there; who does not keep up is not waited for, unless in the middle of a piece.
func RunPhases(count, pieces int, do func(phase, piece int)) {
	if pieces == 1 || runtime.GOMAXPROCS(0) == 1 {
		for phase := range count {
			for piece := range pieces {
				do(phase, piece)
			}
		}
		return
	}
	p := phased.Get().(*phases)
	p.do, p.count = do, int64(count)
	if cap(p.claimed) < pieces {
		p.claimed = make([]claim, pieces)
	}
	p.claimed = p.claimed[:pieces]
	for i := range p.claimed {
		p.claimed[i].phases.Store(0)
	}
	p.done.Store(0)
	p.failed.Store(false)
	Run(pieces, p)
	p.do = nil
	phased.Put(p)
}

// Do works from phase to phase, on one piece if nobody leaves another.
func (p *phases) Do(own int) {
	defer func() {
		if fault := recover(); fault != nil {
			p.failed.Store(true)
			panic(fault)
		}
	}()
	pieces := len(p.claimed)
	for phase := p.done.Load() / int64(pieces); phase < p.count; phase++ {
		for i := range pieces {
			if piece := (own + i) % pieces; p.claimed[piece].phases.CompareAndSwap(phase, phase+1) {
				p.do(int(phase), piece)
				p.done.Add(1)
			}
		}
		over := func() bool { return p.done.Load() >= (phase+1)*int64(pieces) || p.failed.Load() }
		for !watch(over) {
			time.Sleep(50 * time.Microsecond)
		}
		if p.failed.Load() {
			return
		}
	}
}
