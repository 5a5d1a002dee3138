package pipeline

import (
	"errors"
	"io"
	"time"
)

// A sourceStep reads a source until it ends or the run is stopped.
type sourceStep[T Batch] struct {
	*step
	source Source[T]
	out    outlet[T]
}

func (s sourceStep[T]) loop() {
	defer s.out.close()
	for n := int64(1); s.run.reading.Err() == nil; n++ {
		it, err := s.read(n)
		if err == io.EOF {
			return
		}
		if err != nil {
			s.run.fail(err)
			return
		}
		s.out.send(it)
	}
}

// read returns the source's n-th batch, and io.EOF after the last and when the run drains.
func (s sourceStep[T]) read(n int64) (item[T], error) {
	began := time.Now()
	batch, err := guard(func() (T, error) { return s.source.Read(s.run.reading) })
	busy := time.Since(began)
	var rows RowErrors
	if err != nil && !errors.As(err, &rows) {
		if errors.Is(err, io.EOF) || s.run.isDrain(err) {
			return item[T]{}, io.EOF
		}
		return item[T]{}, s.errorAt(n, nil, err)
	}
	it := item[T]{batch: batch, full: true, done: n, rows: batch.NumRows()}
	if it.bad, err = s.findBad(batch, batch, n, rows); err != nil {
		it.release()
		return item[T]{}, err
	}
	s.done(nil, batch, it.rows, busy)
	return it, nil
}
