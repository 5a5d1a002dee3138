package pipeline

import (
	"fmt"
	"time"
)

// A teeStep hands each item to two readers.
type teeStep[T Batch] struct {
	*step
	in          chan item[T]
	left, right outlet[T]
}

func (s teeStep[T]) loop() {
	defer s.left.close()
	defer s.right.close()
	for {
		it, ok := receive(s.step, s.in)
		if !ok {
			return
		}
		if it.full {
			it.batch.Retain()
			s.done(it.batch, it.batch, it.rows, 0)
		}
		s.left.send(it)
		s.right.send(it)
	}
}

// A zipStep joins the items of two branches. They line up: Run has checked that both come from one Tee, and no step
// between adds or drops an item.
type zipStep[L, R, Out Batch] struct {
	*step
	join  Join[L, R, Out]
	left  chan item[L]
	right chan item[R]
	out   outlet[Out]
}

func (s zipStep[L, R, Out]) loop() {
	defer s.out.close()
	for n := int64(1); ; n++ {
		left, ok := receive(s.step, s.left)
		if !ok {
			return
		}
		right, _ := receive(s.step, s.right)
		s.out.send(s.zip(n, left, right))
	}
}

func (s zipStep[L, R, Out]) zip(n int64, left item[L], right item[R]) item[Out] {
	defer left.release()
	defer right.release()
	out := item[Out]{done: left.done}
	if !left.full || !right.full || s.run.failed() {
		return out
	}
	if l, r := left.batch.NumRows(), right.batch.NumRows(); l != r {
		s.run.fail(s.errorAt(n, nil, fmt.Errorf("%d rows on the left and %d on the right", l, r)))
		return out
	}
	began := time.Now()
	batch, err := guard(func() (Out, error) { return s.join(s.run.ctx, left.batch, right.batch) })
	if err != nil {
		s.run.fail(s.errorAt(n, nil, err))
		return out
	}
	s.done(left.batch, batch, left.rows, time.Since(began))
	return item[Out]{batch: batch, full: true, done: left.done, rows: left.rows, bad: mergeBad(left.bad, right.bad)}
}
