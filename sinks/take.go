package sinks

import (
	"fmt"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// write takes the rows of a record that did not come before, and publishes what is due.
func (c *chains) write(r arrow.Record, bytes int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if err := c.admit(r.Schema()); err != nil {
		return fmt.Errorf("%s: %w", c.folder.dir, err)
	}
	marks, err := c.take(r, bytes)
	if err != nil {
		return fmt.Errorf("%s: %w", c.folder.dir, err)
	}
	c.written.add(marks)
	for _, m := range marks {
		if m.lane.bytes >= c.settings.partBytes {
			if c.err = c.publish(m.lane, false); c.err != nil {
				return c.err
			}
		}
	}
	c.err = c.publishDue()
	return c.err
}

// admit checks that rows of a schema can be in the folder.
func (c *chains) admit(schema *arrow.Schema) error {
	if schema == c.given {
		return nil
	}
	lists, err := listSchema(schema, c.settings.layout)
	if err != nil {
		return err
	}
	if err := checkNames(lists); err != nil {
		return err
	}
	if c.schema == nil {
		c.schema = lists
	}
	if err := checkFollows(c.schema, lists); err != nil {
		return err
	}
	c.given = schema
	return nil
}

// take adds the rows that are wanted to their lanes, and returns how far those must be published for all rows to be
// durable.
func (c *chains) take(r arrow.Record, bytes int64) ([]mark, error) {
	lanes, offsets, err := origins(r)
	if err != nil {
		return nil, err
	}
	var marks []mark
	for from := 0; from < len(offsets); {
		to := from + 1
		for to < len(offsets) && lanes.Value(to) == lanes.Value(from) {
			to++
		}
		l, err := c.lane(lanes.Value(from))
		if err != nil {
			return nil, err
		}
		if marks, err = c.takeRun(marks, l, r, bytes, offsets, from, to); err != nil {
			return nil, err
		}
		from = to
	}
	return marks, nil
}

// takeRun adds those of rows from to to-1, which are a lane's, that are wanted.
func (c *chains) takeRun(marks []mark, l *lane, r arrow.Record, bytes int64, offsets []int64, from, to int) ([]mark, error) {
	most := l.next
	for from < to {
		i := from
		for ; i < to; i++ {
			most = max(most, offsets[i]+1)
			wants, err := l.wants(offsets[i])
			if err != nil {
				return nil, err
			}
			if !wants || i > from && offsets[i] <= offsets[i-1] {
				break
			}
		}
		if i == from {
			c.repeated++
			from++
			continue
		}
		rows, err := c.rows(r, bytes, offsets, from, i)
		if err != nil {
			return nil, err
		}
		l.touch(time.Now())
		l.add(rows)
		c.bytes += rows.bytes
		from = i
	}
	return append(marks, mark{l, most}), nil
}

// rows returns rows from to to-1 of a record: copied, unless they are most of it, as they would keep all of it in
// memory for as long as their lane is held.
func (c *chains) rows(r arrow.Record, bytes int64, offsets []int64, from, to int) (run, error) {
	all := run{r, offsets, bytes}
	if 2*(to-from) >= len(offsets) {
		return all.slice(from, to), nil
	}
	part := all.slice(from, to)
	defer part.Release()
	columns := make([]arrow.Array, r.NumCols())
	defer func() {
		for _, column := range columns {
			if column != nil {
				column.Release()
			}
		}
	}()
	for i, column := range part.Columns() {
		var err error
		if columns[i], err = array.Concatenate([]arrow.Array{column}, batch.Allocator(c.ctx)); err != nil {
			return run{}, fmt.Errorf("column %q: %w", r.ColumnName(i), err)
		}
	}
	copied := array.NewRecord(r.Schema(), columns, part.NumRows())
	_, offsets, _ = origins(copied)
	return run{copied, offsets, part.bytes}, nil
}

// origins returns a record's columns of lanes and offsets.
func origins(r arrow.Record) (*array.String, []int64, error) {
	column := func(name string) arrow.Array {
		if at := r.Schema().FieldIndices(name); len(at) == 1 {
			return r.Column(at[0])
		}
		return nil
	}
	lanes, hasLanes := column(batch.Lane).(*array.String)
	offsets, hasOffsets := column(batch.Offset).(*array.Int64)
	if !hasLanes || !hasOffsets || lanes.NullN() > 0 || offsets.NullN() > 0 {
		return nil, nil, fmt.Errorf("rows have no %s (utf8) or no %s (int64), by which they are stored once", batch.Lane, batch.Offset)
	}
	for i, offset := range offsets.Int64Values() {
		if offset < 0 {
			return nil, nil, fmt.Errorf("lane %q has an offset of %d", lanes.Value(i), offset)
		}
	}
	return lanes, offsets.Int64Values(), nil
}

// maxWaiting bounds the rejects of a lane that no row follows.
const maxWaiting = 64 << 20

// reject takes rejects that did not come before.
func (c *chains) reject(rejects pipeline.Rejects) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	marks := make([]mark, len(rejects))
	for i, r := range rejects {
		name, offset, err := originOf(r)
		if err != nil {
			return fmt.Errorf("%s: %w", c.folder.dir, err)
		}
		l, err := c.lane(name)
		if err != nil {
			return err
		}
		l.touch(time.Now())
		if !l.reject(reject{offset, r}) {
			c.repeated++
		}
		if l.rejectBytes > maxWaiting {
			return fmt.Errorf("%s: lane %q: %d rejects wait for a row behind them", c.folder.dir, name, len(l.rejects))
		}
		marks[i] = mark{l, offset + 1}
	}
	c.rejected.add(marks)
	return nil
}
