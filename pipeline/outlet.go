package pipeline

import (
	"fmt"
	"time"
)

// An outlet is where a step's items leave it. Bad rows are removed here, unless they must stay null up to a Zip.
type outlet[T Batch] struct {
	step    *step
	pipe    chan item[T]
	aligned bool
}

func outletOf[T Batch](r *run, p *port) outlet[T] {
	return outlet[T]{r.step(p.node), pipeOf[T](r, p), p.aligned()}
}

// send hands an item on. The reader goes on receiving whatever happens, so this cannot hang.
func (o outlet[T]) send(it item[T]) {
	if it.full && len(it.bad) > 0 && !o.aligned {
		it = o.removeBad(it)
	}
	select {
	case o.pipe <- it:
	default:
		began := time.Now()
		o.pipe <- it
		o.step.blocked.Add(int64(time.Since(began)))
	}
}

func (o outlet[T]) close() { close(o.pipe) }

// removeBad hands the item's bad rows to the rejects sink and returns the item without them.
func (o outlet[T]) removeBad(it item[T]) item[T] {
	defer it.batch.Release()
	rejects := make(Rejects, len(it.bad))
	rows := make([]int64, len(it.bad))
	for i, b := range it.bad {
		rows[i], rejects[i] = b.row, b.reject
		if rejects[i].Origin == "" { // a branch may have lost what the other kept
			_, rejects[i].Origin = label(it.batch, b.row)
		}
	}
	if err := o.step.run.removed(rejects); err != nil {
		o.step.run.fail(err)
		return it.empty()
	}
	if int64(len(rows)) == it.batch.NumRows() {
		return it.empty()
	}
	dropper, ok := any(it.batch).(Dropper[T])
	if !ok {
		o.step.run.fail(o.step.error(fmt.Errorf("%T has bad rows and no Drop to remove them", it.batch)))
		return it.empty()
	}
	kept, err := dropper.Drop(o.step.run.ctx, rows)
	if err != nil {
		o.step.run.fail(o.step.error(err))
		return it.empty()
	}
	return item[T]{batch: kept, full: true, done: it.done, rows: it.rows - int64(len(rows))}
}
