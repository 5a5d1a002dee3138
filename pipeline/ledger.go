package pipeline

import (
	"context"
	"sync"
	"time"
)

// A ledger knows how far the sinks of one source have stored its batches.
type ledger struct {
	source  Committer // nil where the source does not want to know
	rejects *rejectWriter
	wake    chan struct{} // holds a token after progress

	mu    sync.Mutex
	sinks []*progress
}

func newLedger(part any, rejects *rejectWriter) *ledger {
	source, _ := part.(Committer)
	return &ledger{source: source, rejects: rejects, wake: make(chan struct{}, 1)}
}

// A progress is one sink's page in the ledger. It belongs to the sink's goroutine, but for done.
type progress struct {
	ledger *ledger
	writes int64  // so far
	stored int64  // of them, durable
	marks  []mark // of writes that are not known to be durable, in their order
	done   int64  // source batches that are durably stored; guarded by ledger.mu
}

// A mark says: when so many writes to the sink and to the rejects sink are durable, so many source batches are done.
type mark struct{ writes, rejects, done int64 }

// enter opens a page for a sink.
func (l *ledger) enter() *progress {
	p := &progress{ledger: l}
	l.sinks = append(l.sinks, p)
	return p
}

// wrote notes an item that went to the sink, or, where it was empty, past it.
func (p *progress) wrote(full bool, done int64) {
	if full {
		p.writes++
	}
	if p.ledger.source != nil {
		p.marks = append(p.marks, mark{p.writes, p.ledger.rejects.written(), done})
	}
}

// settle notes that so many writes are durable.
func (p *progress) settle(stored int64) {
	if p.ledger.source == nil {
		return
	}
	p.stored = stored
	rejected := p.ledger.rejects.stored()
	done := p.done
	for len(p.marks) > 0 && p.marks[0].writes <= stored && p.marks[0].rejects <= rejected {
		done, p.marks = p.marks[0].done, p.marks[1:]
	}
	if done == p.done {
		return
	}
	p.ledger.mu.Lock()
	p.done = done
	p.ledger.mu.Unlock()
	select {
	case p.ledger.wake <- struct{}{}:
	default:
	}
}

// done returns how many source batches every sink has durably stored.
func (l *ledger) done() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	done := l.sinks[0].done
	for _, p := range l.sinks[1:] {
		done = min(done, p.done)
	}
	return done
}

// startCommits begins to tell the sources how far they are stored, and returns what ends it: a function that waits
// until they have been told the last.
func (r *run) startCommits() (finish func()) {
	var committing sync.WaitGroup
	for n, l := range r.ledgers {
		if l.source == nil {
			continue
		}
		committing.Go(func() {
			last := int64(0)
			for range l.wake {
				if done := l.done(); done > last {
					r.commit(n, l.source, done)
					last = done
				}
			}
		})
	}
	return func() {
		for _, l := range r.ledgers {
			for _, p := range l.sinks {
				p.settle(p.stored) // the rejects sink may have come further since
			}
			close(l.wake)
		}
		committing.Wait()
	}
}

// commitTimeout bounds a commit after a failure, when the run's own context has ended.
const commitTimeout = 5 * time.Second

// commit tells a source that n batches are stored. That is as true after a failure as before.
func (r *run) commit(source *node, c Committer, n int64) {
	ctx := r.ctx
	if r.failed() {
		if r.caller.Err() != nil {
			return
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(r.caller, commitTimeout)
		defer cancel()
	}
	if _, err := guard(func() (struct{}, error) { return struct{}{}, c.Commit(ctx, n) }); err != nil {
		r.fail(r.step(source).error(err))
		return
	}
	r.observe(Committed{r.step(source).index, n})
}
