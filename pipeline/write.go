package pipeline

import (
	"errors"
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
		_, err := guard(func() (struct{}, error) { return struct{}{}, s.sink.Write(s.run.ctx, it.batch) })
		busy := time.Since(began)
		var refused RowErrors
		if err != nil && !errors.As(err, &refused) {
			s.run.fail(s.errorAt(n, nil, err))
			return
		}
		if err := s.reject(n, it.batch, refused); err != nil {
			s.run.fail(err)
			return
		}
		s.done(it.batch, nil, it.rows-int64(len(refused)), busy)
	}
	s.stored.wrote(it.full, it.done)
	if _, later := s.sink.(Storer); !later {
		s.stored.settle(s.stored.writes)
	}
}

// reject hands the rows that the sink refused to the rejects sink.
func (s sinkStep[T]) reject(n int64, batch T, refused RowErrors) error {
	bad, err := s.findBad(batch, batch, n, refused)
	if len(bad) == 0 || err != nil {
		return err
	}
	rejects := make(Rejects, len(bad))
	for i, b := range bad {
		rejects[i] = b.reject
	}
	return s.run.removed(rejects)
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
