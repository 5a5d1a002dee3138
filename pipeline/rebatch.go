package pipeline

import "time"

// A Window says when [Rebatch] closes a group of rows: at the first of its limits, or at the end of the stream. A limit
// that is zero does not hold; a Window without limits closes at the end.
type Window struct {
	Rows  int64         // so many rows
	Bytes int64         // about so many bytes, of batches that know their size
	Wait  time.Duration // so long after its first row came
}

// A rebatchStep regroups rows into windows.
type rebatchStep[T Windowed[T]] struct {
	*step
	window Window
	in     chan item[T]
	out    outlet[T]

	pieces  []T   // of the window that is open
	held    int64 // rows in pieces
	bytes   int64 // of pieces, about
	covered int64 // rows of the source that pieces account for
	upTo    int64 // source batches that are complete with what pieces hold
	n       int64 // windows closed
	timer   *time.Timer
	expired <-chan time.Time // nil while no window is open, or its Wait is zero
}

func (s *rebatchStep[T]) loop() {
	defer s.out.close()
	defer s.release()
	for {
		select {
		case it, ok := <-s.in:
			if !ok {
				s.flush()
				return
			}
			s.add(it)
			it.release()
		case <-s.expired:
			s.flush()
		}
	}
}

// add puts an item's rows into windows, and closes those that are full.
func (s *rebatchStep[T]) add(it item[T]) {
	if s.run.failed() {
		return
	}
	if !it.full {
		s.upTo = it.done
		if s.held == 0 {
			s.out.send(it)
		}
		return
	}
	rows := it.batch.NumRows()
	each := int64(0) // bytes a row
	if b, ok := any(it.batch).(Sized); ok && rows > 0 {
		each = b.Bytes() / rows
	}
	for from := int64(0); from < rows; {
		to := min(rows, from+s.room(each))
		s.push(it.batch.Slice(from, to), to-from, each)
		if from = to; from == rows {
			s.upTo, s.covered = it.done, s.covered+it.rows // the batch counts where it ends
		}
		if s.room(each) == 0 {
			s.flush()
		}
	}
}

// room returns how many rows of a size the open window still takes: one at least, where it is empty.
func (s *rebatchStep[T]) room(each int64) int64 {
	room := int64(1) << 62
	if s.window.Rows > 0 {
		room = s.window.Rows - s.held
	}
	if s.window.Bytes > 0 && each > 0 {
		room = min(room, max(0, s.window.Bytes-s.bytes)/each)
	}
	if s.held == 0 {
		room = max(room, 1)
	}
	return room
}

func (s *rebatchStep[T]) push(piece T, rows, each int64) {
	if s.held == 0 && s.window.Wait > 0 {
		s.timer = time.NewTimer(s.window.Wait)
		s.expired = s.timer.C
	}
	s.pieces = append(s.pieces, piece)
	s.held += rows
	s.bytes += rows * each
}

// flush closes the open window and hands it on.
func (s *rebatchStep[T]) flush() {
	if s.held == 0 {
		return
	}
	defer s.release()
	if s.run.failed() {
		return
	}
	s.n++
	began := time.Now()
	window := s.pieces[0]
	if len(s.pieces) == 1 {
		window.Retain()
	} else {
		var err error
		if window, err = guard(func() (T, error) { return s.pieces[0].Concat(s.run.ctx, s.pieces[1:]) }); err != nil {
			s.run.fail(s.errorAt(s.n, nil, err))
			return
		}
	}
	s.done(nil, window, s.covered, time.Since(began))
	s.out.send(item[T]{batch: window, full: true, done: s.upTo, rows: s.covered})
}

// release empties the open window.
func (s *rebatchStep[T]) release() {
	for _, piece := range s.pieces {
		piece.Release()
	}
	s.pieces, s.held, s.bytes, s.covered = nil, 0, 0, 0
	if s.timer != nil {
		s.timer.Stop()
		s.timer, s.expired = nil, nil
	}
}
