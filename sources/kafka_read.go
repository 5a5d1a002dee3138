package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/internal/kafkaclient"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources/message"
)

const (
	readyBytes = fetchBytes / 2 // of a partition that waits for no more
	decoders   = 8              // messages of a batch that are decoded at once
)

// A row is a decoded message, or one of many in it.
type row struct {
	message.Row
	offset int64 // the row's origin_offset
	next   int64 // the topic's offset behind what is complete with this row
	came   time.Time
}

// read returns the next batch.
func (c *consumer) read(ctx context.Context) (batch.Pairs, error) {
	c.mu.Lock()
	c.reading = true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.reading, c.returned = false, time.Now()
		c.mu.Unlock()
	}()
	if err := ctx.Err(); err != nil {
		return batch.Pairs{}, err
	}
	for {
		p, err := c.pick(ctx)
		if err != nil {
			return batch.Pairs{}, err
		}
		if err := c.decode(ctx, p); err != nil {
			return batch.Pairs{}, err
		}
		if len(p.rows) > 0 {
			return c.build(ctx, p)
		}
	}
}

// pick waits for a partition of which a batch can be made, and returns it, in turns.
func (c *consumer) pick(ctx context.Context) (picked *partition, err error) {
	waiting := c.await(ctx, func() (bool, time.Duration) {
		if c.err != nil || c.group != nil && c.generation == nil {
			err = c.err
			return err != nil, 0
		}
		var again time.Duration
		if picked, again = c.ready(time.Now()); picked == nil && c.ToEnd && c.drained() {
			err = io.EOF
		}
		return picked != nil || err != nil, again
	})
	if err == nil {
		err = waiting
	}
	return picked, err
}

// ready returns a partition to make a batch of, or else how long to wait for one. c.mu is held.
func (c *consumer) ready(now time.Time) (picked *partition, wait time.Duration) {
	n := len(c.partitions)
	for i := range n {
		p := c.partitions[(c.turn+i)%n]
		rows := len(p.rows) + len(p.queue)
		if rows == 0 {
			continue
		}
		rest := c.Wait - now.Sub(p.oldest())
		if rows >= c.Limits.Rows || p.queued >= readyBytes || p.ended() || rest <= 0 {
			c.turn = (c.turn + i + 1) % n
			return p, 0
		}
		if wait == 0 || rest < wait {
			wait = rest
		}
	}
	return nil, wait
}

// oldest returns when the first of what waits came.
func (p *partition) oldest() time.Time {
	if len(p.rows) > 0 {
		return p.rows[0].came
	}
	return p.queue[0].came
}

// touch notes that the reader is not held up, though it has not asked for more.
func (c *consumer) touch() {
	c.mu.Lock()
	c.returned = time.Now()
	c.mu.Unlock()
}

// lost says that the partition of the batch that was read last has gone to another member.
func (c *consumer) lost() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.reads)
	return n > 0 && c.reads[n-1].partition.left
}

// drained says that all partitions have been read to their ends. c.mu is held.
func (c *consumer) drained() bool {
	for _, p := range c.partitions {
		if !p.located || !p.ended() || len(p.rows) > 0 || len(p.queue) > 0 {
			return false
		}
	}
	return true
}

// decode decodes messages of a partition until there are rows for a batch or no more messages.
func (c *consumer) decode(ctx context.Context, p *partition) error {
	for len(p.rows) < c.Limits.Rows {
		wanted := c.Limits.Rows - len(p.rows)
		if c.Messages.MaxRows() > 1 {
			wanted = 1
		}
		records := c.dequeue(p, wanted)
		if len(records) == 0 {
			return nil
		}
		rows := make([][]row, len(records))
		var decoding sync.WaitGroup
		free := make(chan struct{}, decoders)
		for i, r := range records {
			free <- struct{}{}
			decoding.Go(func() {
				rows[i] = c.rowsOf(ctx, p, r)
				<-free
			})
		}
		decoding.Wait()
		if err := ctx.Err(); err != nil { // what failed because of it is not bad
			return err
		}
		for _, of := range rows {
			p.rows = append(p.rows, of...)
		}
	}
	return nil
}

// dequeue takes messages out of a partition's queue: n, or fewer where they have more bytes than a batch.
func (c *consumer) dequeue(p *partition, n int) []queued {
	c.mu.Lock()
	defer c.mu.Unlock()
	n = min(n, len(p.queue))
	var bytes int64
	for i, r := range p.queue[:n] {
		if i > 0 && bytes+r.bytes > c.Limits.Bytes {
			n = i
			break
		}
		bytes += r.bytes
	}
	taken := p.queue[:n:n]
	p.queue = p.queue[n:]
	p.queued -= bytes
	c.room.Release(bytes)
	c.wake()
	return taken
}

// message returns a record of a partition as a message.
func (p *partition) message(r kafkaclient.Record) message.Message {
	m := message.Message{Topic: p.topic, Partition: p.number, Offset: r.Offset, Key: r.Key, Value: r.Value}
	for _, h := range r.Headers {
		m.Headers = append(m.Headers, message.Header{Key: h.Key, Value: h.Value})
	}
	return m
}

// rowsOf decodes a message.
func (c *consumer) rowsOf(ctx context.Context, p *partition, r queued) []row {
	each := c.Messages.MaxRows()
	m := p.message(r.Record)
	decoded, err := c.decodeOne(ctx, m, r.Size)
	if err != nil {
		decoded = []message.Row{{ID: m.KeyID(), Err: err}}
	}
	rows := make([]row, len(decoded))
	for i, d := range decoded {
		rows[i] = row{Row: d, offset: r.Offset*each + int64(i), next: r.Offset, came: r.came}
		if size := int64(len(d.Image)); d.Err == nil && size > c.Limits.Picture {
			rows[i].Err = fmt.Errorf("a picture of %d bytes: the limit is %d", size, c.Limits.Picture)
		}
		if d.ID == "" {
			rows[i].ID = fmt.Sprintf("%s@%d", p.lane, rows[i].offset)
		}
	}
	if len(rows) > 0 {
		rows[len(rows)-1].next = r.Next
	}
	if r.Offset == p.skipIn {
		rows = rows[min(int(p.skip), len(rows)):]
	}
	return rows
}

func (c *consumer) decodeOne(ctx context.Context, m message.Message, size int) (rows []message.Row, err error) {
	if size > c.MaxMessageBytes {
		return nil, fmt.Errorf("a message of %d bytes: the limit is %d", size, c.MaxMessageBytes)
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic while decoding: %v", v)
		}
	}()
	rows, err = c.Messages.Decode(ctx, m, message.Wants{Columns: c.Columns, Picture: c.Limits.Picture, Bytes: c.MaxMessageBytes})
	if err == nil && int64(len(rows)) > c.Messages.MaxRows() {
		err = errors.New("more rows than the decoder's MaxRows")
	}
	return rows, err
}

// build makes a batch of a partition's rows.
func (c *consumer) build(ctx context.Context, p *partition) (batch.Pairs, error) {
	b := batch.NewPairsBuilder(ctx, c.fields...)
	defer b.Release()
	n := 0
	for _, r := range p.rows[:min(c.Limits.Rows, len(p.rows))] {
		if n > 0 && int64(b.Bytes()+len(r.Image)) > c.Limits.Bytes {
			break
		}
		if r.Err != nil {
			b.AppendBad(p.lane, r.offset, r.ID, r.Err)
		} else {
			b.Append(p.lane, r.offset, r.ID, r.Image, r.Caption)
		}
		for i, name := range c.Columns {
			column := b.Further(i).(*array.StringBuilder)
			if value, ok := r.Further[name]; ok {
				column.Append(value)
			} else {
				column.AppendNull()
			}
		}
		n++
	}
	next := p.rows[n-1].next
	c.mu.Lock()
	p.rows = p.rows[n:]
	p.given = next
	c.reads = append(c.reads, position{p, next})
	c.mu.Unlock()
	return b.NewPairs()
}
