package pipeline

import (
	"io"
	"time"
)

// checkStored is how often a sink that stores later is asked how far it is while nothing comes in.
const checkStored = time.Second

// A sinkStep writes items to a sink.
type sinkStep[T Batch] struct {
	*step
	sink   Sink[T]
	in     chan item[T]
	stored *progress
}

func (s sinkStep[T]) loop() {
	storer, _ := s.sink.(Storer)
	var tick <-chan time.Time
	if storer != nil {
		ticker := time.NewTicker(checkStored)
		defer ticker.Stop()
		tick = ticker.C
	}
	for n := int64(1); ; {
		began := time.Now()
		select {
		case it, ok := <-s.in:
			if !ok {
				s.close()
				return
			}
			s.waiting.Add(int64(time.Since(began)))
			s.write(n, it)
			n++
		case <-tick:
			s.waiting.Add(int64(time.Since(began)))
		}
		if storer != nil {
			s.stored.settle(storer.Stored())
		}
	}
}

// write writes an item to the sink and releases it.
func (s sinkStep[T]) write(n int64, it item[T]) {
	defer it.release()
	if s.run.failed() {
		return
	}
	if it.full {
		began := time.Now()
		if _, err := guard(func() (struct{}, error) { return struct{}{}, s.sink.Write(s.run.ctx, it.batch) }); err != nil {
			s.run.fail(s.errorAt(n, it.batch, err))
			return
		}
		s.done(it.batch, nil, it.rows, time.Since(began))
	}
	s.stored.wrote(it.full, it.done)
	if _, later := s.sink.(Storer); !later {
		s.stored.settle(s.stored.writes)
	}
}

// close completes the sink, or leaves it behind after a failure.
func (s sinkStep[T]) close() {
	failed := s.run.failed()
	end := s.sink.Close
	if failed {
		end = func() error { return abort(io.Closer(s.sink)) }
	}
	if _, err := guard(func() (struct{}, error) { return struct{}{}, end() }); err != nil {
		s.run.fail(s.error(err))
		return
	}
	if !failed {
		s.stored.settle(s.stored.writes)
	}
}
