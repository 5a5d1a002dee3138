package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// A Runner runs pipelines. The zero value fails at the first bad row and is watched by nobody.
type Runner struct {
	// Rejects takes the rows that are bad, in place of failing. It counts like any sink before a source is told that
	// its batches are stored.
	Rejects Sink[Rejects]

	// Observers are told what happens, in this order.
	Observers []Observer

	// Stop, when closed, drains: sources are read no further, and what has been read is finished, stored and committed.
	// Run then returns nil. To abort, cancel the context.
	Stop <-chan struct{}
}

// Run runs flows with the zero [Runner].
func Run(ctx context.Context, flows ...Flow) error { return Runner{}.Run(ctx, flows...) }

// Run checks the drawing, opens all parts, lets the batches flow until the sources end, and closes all parts. It
// returns the first error, mostly a [*StepError], after every batch is released and every goroutine has ended.
func (runner Runner) Run(ctx context.Context, flows ...Flow) error {
	g, err := check(flows)
	if err != nil {
		return err
	}
	r := newRun(ctx, runner, g)
	defer r.cancel()
	if err := r.open(); err != nil {
		return err
	}
	r.observe(Started{r.infos()})
	var watching sync.WaitGroup
	watching.Go(r.watchStop)
	watching.Go(r.watchLag)
	for _, n := range g {
		n.start(r)
	}
	commits := r.startCommits()
	r.working.Wait()
	r.closeRejects()
	commits()
	r.stopReading()
	watching.Wait()
	r.observeLag()
	r.close()
	err = r.err()
	r.observe(Finished{r.report(), err})
	return err
}

// A run is a graph while it runs.
type run struct {
	runner      Runner
	caller      context.Context // the user's
	ctx         context.Context // also ends at the first error
	cancel      context.CancelFunc
	reading     context.Context // what sources read under; also ends when the run drains
	stopReading context.CancelFunc
	began       time.Time

	graph   graph
	steps   map[*node]*step
	pipes   map[*port]any // of chan item[T]
	ledgers map[*node]*ledger
	rejects rejectWriter
	working sync.WaitGroup // the goroutines of the steps

	mu        sync.Mutex // guards what follows
	first     error
	observing sync.Mutex // one event at a time
}

func newRun(ctx context.Context, runner Runner, g graph) *run {
	r := &run{
		runner: runner, caller: ctx, began: time.Now(), graph: g,
		steps: map[*node]*step{}, pipes: map[*port]any{}, ledgers: map[*node]*ledger{},
		rejects: rejectWriter{sink: runner.Rejects},
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.reading, r.stopReading = context.WithCancel(r.ctx)
	for i, n := range g {
		r.steps[n] = &step{run: r, node: n, index: i}
		if len(n.in) == 0 {
			r.ledgers[n] = newLedger(n.part, &r.rejects)
		}
	}
	return r
}

func (r *run) step(n *node) *step { return r.steps[n] }

func (r *run) ledgerOf(n *node) *ledger { return r.ledgers[source(n.in[0])] }

func (r *run) goroutine(f func()) { r.working.Go(f) }

// failed reports whether the run is being drained because of an error or because the caller's context ended.
func (r *run) failed() bool { return r.ctx.Err() != nil }

// fail notes the first error and stops the work.
func (r *run) fail(err error) {
	r.mu.Lock()
	if r.first == nil && r.ctx.Err() == nil {
		r.first = err
	}
	r.mu.Unlock()
	r.cancel()
}

// err returns what Run returns: the first error, which the end of the caller's context may be.
func (r *run) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first == nil && r.caller.Err() != nil {
		return context.Cause(r.caller)
	}
	return r.first
}

// open opens the rejects sink and all parts, sinks before what flows into them.
func (r *run) open() error {
	var opened []func()
	abandon := func() {
		for _, closePart := range opened {
			closePart()
		}
	}
	if o, ok := r.rejects.sink.(Opener); ok {
		if err := o.Open(r.ctx); err != nil {
			return &StepError{Step: "rejects", Caller: "the runner's", Err: err}
		}
		opened = append(opened, func() { abort(r.rejects.sink) })
	}
	for i := len(r.graph) - 1; i >= 0; i-- {
		n := r.graph[i]
		o, ok := n.part.(Opener)
		if !ok {
			continue
		}
		if _, err := guard(func() (struct{}, error) { return struct{}{}, o.Open(r.warning(r.step(n))) }); err != nil {
			abandon()
			return r.step(n).error(err)
		}
		if c, ok := n.part.(io.Closer); ok {
			opened = append(opened, func() { abort(c) })
		}
	}
	return nil
}

// close closes the stages and sources. The sinks were closed by their own steps.
func (r *run) close() {
	for i := len(r.graph) - 1; i >= 0; i-- {
		n := r.graph[i]
		c, ok := n.part.(io.Closer)
		if !ok || len(n.out) == 0 {
			continue
		}
		if _, err := guard(func() (struct{}, error) { return struct{}{}, c.Close() }); err != nil {
			r.fail(r.step(n).error(err))
		}
	}
}

// closeRejects closes the rejects sink.
func (r *run) closeRejects() {
	if err := r.rejects.close(r.failed()); err != nil {
		r.fail(&StepError{Step: "rejects", Caller: "the runner's", Err: err})
	}
}

// abort leaves a part behind after a failure: by Abort where it has that, else by Close.
func abort(part io.Closer) error {
	if a, ok := part.(Aborter); ok {
		return a.Abort()
	}
	return part.Close()
}

// removed hands rows that were removed to the rejects sink and to the observers.
func (r *run) removed(rejects Rejects) error {
	if err := r.rejects.write(r.ctx, rejects); err != nil {
		return &StepError{Step: "rejects", Caller: "the runner's", Err: err}
	}
	r.observe(Rejected{rejects})
	return nil
}

func (r *run) observe(e Event) {
	if len(r.runner.Observers) == 0 {
		return
	}
	r.observing.Lock()
	defer r.observing.Unlock()
	for _, o := range r.runner.Observers {
		o.Observe(e)
	}
}

func (r *run) infos() []StepInfo {
	infos := make([]StepInfo, len(r.graph))
	for i, n := range r.graph {
		infos[i] = StepInfo{Name: n.name, Caller: n.caller, Workers: n.workers}
		for _, p := range n.in {
			infos[i].Inputs = append(infos[i].Inputs, r.steps[p.node].index)
		}
	}
	return infos
}

func (r *run) report() Report {
	report := Report{Elapsed: time.Since(r.began), Rejected: r.rejects.rows()}
	for i, info := range r.infos() {
		s := r.steps[r.graph[i]].report(info)
		if len(info.Inputs) == 0 {
			report.Read += s.Rows
		}
		report.Steps = append(report.Steps, s)
	}
	return report
}

// watchStop ends the reading when the runner is told to stop.
func (r *run) watchStop() {
	select {
	case <-r.runner.Stop:
		r.stopReading()
	case <-r.reading.Done():
	}
}

// isDrain reports whether err only says that a source was told to stop reading.
func (r *run) isDrain(err error) bool {
	return r.reading.Err() != nil && !r.failed() && errors.Is(err, context.Canceled)
}
