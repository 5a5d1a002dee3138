package pipeline

import (
	"errors"
	"time"
)

// A stageStep sends items through a stage.
type stageStep[In, Out Batch] struct {
	*step
	stage Stage[In, Out]
	in    chan item[In]
	out   outlet[Out]
}

// start begins the step's goroutines.
func (s stageStep[In, Out]) start(workers int) {
	if workers == 1 {
		s.run.goroutine(s.loop)
		return
	}
	type task struct {
		n    int64
		it   item[In]
		made chan item[Out]
	}
	tasks := make(chan task)
	made := make(chan chan item[Out], workers) // in the order the items came
	s.run.goroutine(func() {
		defer close(tasks)
		defer close(made)
		for n := int64(1); ; n++ {
			it, ok := receive(s.step, s.in)
			if !ok {
				return
			}
			t := task{n, it, make(chan item[Out], 1)}
			made <- t.made
			tasks <- t
		}
	})
	for range workers {
		s.run.goroutine(func() {
			for t := range tasks {
				t.made <- s.process(t.n, t.it)
			}
		})
	}
	s.run.goroutine(func() {
		defer s.out.close()
		for one := range made {
			s.out.send(<-one)
		}
	})
}

func (s stageStep[In, Out]) loop() {
	defer s.out.close()
	for n := int64(1); ; n++ {
		it, ok := receive(s.step, s.in)
		if !ok {
			return
		}
		s.out.send(s.process(n, it))
	}
}

// process makes the stage's item of an item, which it releases. After a failure what it returns is empty.
func (s stageStep[In, Out]) process(n int64, it item[In]) item[Out] {
	out := item[Out]{done: it.done}
	if !it.full {
		return out
	}
	defer it.release()
	if s.run.failed() {
		return out
	}
	began := time.Now()
	batch, err := guard(func() (Out, error) { return s.stage.Process(s.run.ctx, it.batch) })
	busy := time.Since(began)
	var rows RowErrors
	if err != nil && !errors.As(err, &rows) {
		s.run.fail(s.errorAt(n, nil, err))
		return out
	}
	bad, err := s.findBad(it.batch, batch, n, rows)
	if err != nil {
		batch.Release()
		s.run.fail(err)
		return out
	}
	s.done(it.batch, batch, it.rows, busy)
	return item[Out]{batch: batch, full: true, done: it.done, rows: it.rows, bad: mergeBad(it.bad, bad)}
}
