package sinks

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// publishDue publishes the lanes that have waited for long, and the largest while all together hold too much.
func (c *chains) publishDue() error {
	for c.bytes > c.settings.bufferBytes {
		largest := (*lane)(nil)
		for _, l := range c.lanes {
			if largest == nil || l.bytes > largest.bytes {
				largest = l
			}
		}
		if err := c.publish(largest, false); err != nil {
			return err
		}
	}
	now := time.Now()
	if now.Sub(c.checked) < min(c.settings.flush/4, time.Second) {
		return nil
	}
	c.checked = now
	for _, l := range c.lanes {
		if l.rejectBytes < maxPartRejects && (l.empty() || now.Sub(l.since) < c.settings.flush) {
			continue
		}
		if err := c.publish(l, false); err != nil {
			return err
		}
	}
	return nil
}

// publish publishes what is held of a lane; where the lane has ended, with rejects that nothing follows.
func (c *chains) publish(l *lane, ended bool) error {
	for {
		before := l.next
		p := l.cut(ended)
		if p.next == p.first {
			return nil
		}
		err := c.publishPart(p)
		p.release()
		switch {
		case err == nil:
			c.unsettled = true
			c.bytes -= l.advance(p.next, time.Now())
		case errors.Is(err, fs.ErrExist): // another writer was first
			if err := c.catchUp(l); err != nil {
				return err
			}
			if l.next == before {
				return err
			}
		default:
			return err
		}
	}
}

func (c *chains) publishPart(p part) error {
	d, err := c.folder.begin(partName(p.lane, p.first))
	if err != nil {
		return err
	}
	defer d.close()
	schema := c.schema
	if schema == nil { // not one good row so far
		schema = rejectsSchema
	}
	if err := writePart(c.ctx, d, p, schema, c.settings); err != nil {
		return err
	}
	return d.link()
}

// rejectsSchema is that of parts without rows in a folder in which no part has any.
var rejectsSchema = arrow.NewSchema([]arrow.Field{
	{Name: batch.ID, Type: arrow.BinaryTypes.String},
	{Name: batch.Lane, Type: arrow.BinaryTypes.String},
	{Name: batch.Offset, Type: arrow.PrimitiveTypes.Int64},
}, nil)

// publishAll publishes all that is held, when no more comes.
func (c *chains) publishAll() error {
	for _, name := range slices.Sorted(maps.Keys(c.lanes)) {
		if err := c.publish(c.lanes[name], true); err != nil {
			return err
		}
	}
	return c.settle()
}

// durable returns how many of the writes are.
func (c *chains) durable(w *writes) int64 {
	if c.err == nil {
		c.err = c.settle()
	}
	if c.err == nil {
		w.settle()
	}
	return w.stored
}

// stored publishes what is due, and returns how many writes of rows are durable. An error is that of the next write.
func (c *chains) stored() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = c.publishDue()
	}
	return c.durable(&c.written)
}

// storedRejects returns how many writes of rejects are durable.
func (c *chains) storedRejects() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.durable(&c.rejected)
}

// close publishes all that is held, and lets go of it in any case.
func (c *chains) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.folder.close()
	defer c.release()
	c.closed = true
	if c.err == nil {
		c.err = c.publishAll()
	}
	return c.err
}

// closeRejects publishes rejects that have come since close, which publishes all others.
func (c *chains) closeRejects() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed && c.err == nil {
		c.err = c.publishAll()
		c.folder.close()
	}
	return c.err
}

// abort lets go of what is not published.
func (c *chains) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.folder.close()
	c.release()
}

func (c *chains) release() {
	for _, l := range c.lanes {
		l.release()
	}
	c.bytes = 0
}

// writes tells which of the writes to a sink are durable.
type writes struct {
	stored  int64 // from the first on
	waiting [][]mark
}

// A mark says: durable once the lane's parts account for all below next.
type mark struct {
	lane *lane
	next int64
}

func (w *writes) add(marks []mark) { w.waiting = append(w.waiting, marks) }

// settle counts the writes that have become durable.
func (w *writes) settle() {
	for len(w.waiting) > 0 {
		for _, m := range w.waiting[0] {
			if m.lane.next < m.next {
				return
			}
		}
		w.waiting = w.waiting[1:]
		w.stored++
	}
}
