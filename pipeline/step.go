package pipeline

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"
)

// depth is the number of batches that wait between two steps. More would not make the slowest step faster, and each holds its
// rows back, and a run that is to end up, for as long.
const depth = 1

// An item is a batch on its way, or, where it is not full, only the news that earlier batches are complete.
type item[T Batch] struct {
	batch T
	full  bool
	done  int64    // so many of the source's batches are complete once this is stored
	rows  int64    // so many of the source's rows this accounts for
	bad   []badRow // null in the batch, to be removed from it; shared between branches, never modified
}

func (it item[T]) release() {
	if it.full {
		it.batch.Release()
	}
}

// empty returns what is left of an item without its batch.
func (it item[T]) empty() item[T] { return item[T]{done: it.done} }

// A step is a node while it runs: what all kinds of steps count.
type step struct {
	run   *run
	node  *node
	index int

	batches, rows, bytes, rejected atomic.Int64
	busy, waiting, blocked, queue  atomic.Int64
}

// error makes an error of this step.
func (s *step) error(err error) *StepError {
	return &StepError{Step: s.node.name, Caller: s.node.caller, Err: err}
}

// errorAt makes an error at the step's n-th batch, and at its first bad row where err is RowErrors of batch.
func (s *step) errorAt(n int64, batch Batch, err error) *StepError {
	e := s.error(err)
	e.Batch = n
	var rows RowErrors
	if errors.As(err, &rows) && len(rows) > 0 {
		e.Err = rows[0].Err
		if e.Row, _ = label(batch, rows[0].Row); e.Row == "" {
			e.Row = strconv.FormatInt(rows[0].Row, 10)
		}
	}
	return e
}

// done counts a batch that the part has dealt with, and that accounts for so many of the source's rows.
func (s *step) done(in, out Batch, rows int64, busy time.Duration) {
	counted := out
	if counted == nil {
		counted = in
	}
	s.busy.Add(int64(busy))
	s.batches.Add(1)
	s.rows.Add(rows)
	if b, ok := counted.(Sized); ok {
		s.bytes.Add(b.Bytes())
	}
	s.run.observe(Processed{Step: s.index, In: in, Out: out, Rows: rows, Busy: busy})
}

func (s *step) report(info StepInfo) StepReport {
	return StepReport{
		StepInfo: info,
		Batches:  s.batches.Load(), Rows: s.rows.Load(), Bytes: s.bytes.Load(), Rejected: s.rejected.Load(),
		Busy: time.Duration(s.busy.Load()), Waiting: time.Duration(s.waiting.Load()),
		Blocked: time.Duration(s.blocked.Load()), Queue: int(s.queue.Load()),
	}
}

// findBad makes bad rows of the errors that a part returned beside made, its n-th batch; labels is the batch to name
// them by. Where the run has no place for bad rows, the first is the error.
func (s *step) findBad(labels, made Batch, n int64, errs RowErrors) ([]badRow, error) {
	if len(errs) == 0 {
		return nil, nil
	}
	if s.run.rejects.sink == nil {
		return nil, s.errorAt(n, labels, errs)
	}
	if err := checkBad(errs, made.NumRows(), labels.NumRows()); err != nil {
		return nil, s.errorAt(n, nil, err)
	}
	s.rejected.Add(int64(len(errs)))
	bad := make([]badRow, len(errs))
	for i, e := range errs {
		id, origin := label(labels, e.Row)
		bad[i] = badRow{e.Row, Reject{ID: id, Step: s.node.name, Reason: e.Err.Error(), Origin: origin}}
	}
	return bad, nil
}

// checkBad returns an error unless errs, which came beside a batch of rows rows, ascend within it.
func checkBad(errs RowErrors, rows, want int64) error {
	if rows != want {
		return fmt.Errorf("%d bad rows beside a batch of %d rows made of %d", len(errs), rows, want)
	}
	last := int64(-1)
	for _, e := range errs {
		if e.Row <= last || e.Row >= rows {
			return fmt.Errorf("bad row %d after row %d in a batch of %d rows", e.Row, last, rows)
		}
		last = e.Row
	}
	return nil
}

func label(batch Batch, row int64) (id, origin string) {
	if l, ok := batch.(Labeler); ok {
		return l.Label(row)
	}
	return "", ""
}

// pipeOf returns the channel behind a port, which the first to ask makes.
func pipeOf[T Batch](r *run, p *port) chan item[T] {
	if pipe, ok := r.pipes[p]; ok {
		return pipe.(chan item[T])
	}
	pipe := make(chan item[T], depth)
	r.pipes[p] = pipe
	return pipe
}

// receive takes the next item, and counts the time it waited.
func receive[T Batch](s *step, in <-chan item[T]) (it item[T], ok bool) {
	s.queue.Store(int64(len(in)))
	select {
	case it, ok = <-in:
	default:
		began := time.Now()
		it, ok = <-in
		s.waiting.Add(int64(time.Since(began)))
	}
	return it, ok
}

// guard calls a method of a part, and makes an error of a panic in it.
func guard[T any](call func() (T, error)) (out T, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = PanicError{v, debug.Stack()}
		}
	}()
	return call()
}
