package sources

import (
	"context"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// A pairRow is a pair on its way into a batch, or, with an error, why there is none.
type pairRow struct {
	lane    string
	offset  int64
	id      string
	image   []byte // valid until the next row is asked for
	caption string
	further []cell // a value for each further column; nil where all are null
	err     error
}

// A cell is a value of a list: null, a string, or another JSON value as its text.
type cell struct {
	text string
	null bool
	json bool // text is JSON, of no string
}

func (r *pairRow) size() int64 {
	n := len(r.lane) + len(r.id) + len(r.image) + len(r.caption)
	for _, c := range r.further {
		n += len(c.text)
	}
	return int64(n)
}

// A collector makes batches of rows.
type collector struct {
	next    func(context.Context) (pairRow, error) // io.EOF after the last row
	limits  Limits
	further []arrow.Field

	ahead pairRow // the row after the last batch, where has is true
	has   bool
	end   error // what came in place of a row; it is given once the rows before it have been
}

func collect(limits Limits, further []string, next func(context.Context) (pairRow, error)) *collector {
	c := &collector{next: next, limits: limits.orDefault()}
	for _, name := range further {
		c.further = append(c.further, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	return c
}

// read returns the next batch: rows of one lane, as many as the limits let in.
func (c *collector) read(ctx context.Context) (batch.Pairs, error) {
	if err := ctx.Err(); err != nil {
		return batch.Pairs{}, err
	}
	b := batch.NewPairsBuilder(ctx, c.further...)
	defer b.Release()
	lane, size := "", int64(0)
	for b.Len() < c.limits.Rows {
		r, err := c.peek(ctx)
		if err != nil && b.Len() == 0 {
			return batch.Pairs{}, err
		}
		if err != nil || b.Len() > 0 && (r.lane != lane || size+r.size() > c.limits.Bytes) {
			break
		}
		c.push(b, r)
		lane, size, c.has = r.lane, size+r.size(), false
	}
	return b.NewPairs()
}

// peek returns the next row, which stays the next until has is false.
func (c *collector) peek(ctx context.Context) (*pairRow, error) {
	if c.has {
		return &c.ahead, nil
	}
	if c.end != nil {
		return nil, c.end
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := c.next(ctx)
	if err != nil {
		if ctx.Err() == nil {
			c.end = err
		}
		return nil, err
	}
	c.ahead, c.has = r, true
	return &c.ahead, nil
}

// push appends a row to a batch. What comes from file names is made UTF-8, as Arrow wants it.
func (c *collector) push(b *batch.PairsBuilder, r *pairRow) {
	lane, id := strings.ToValidUTF8(r.lane, "\uFFFD"), strings.ToValidUTF8(r.id, "\uFFFD")
	if r.err != nil {
		b.AppendBad(lane, r.offset, id, r.err)
	} else {
		b.Append(lane, r.offset, id, r.image, r.caption)
	}
	for i := range c.further {
		further := b.Further(i).(*array.StringBuilder)
		if r.further == nil || r.further[i].null {
			further.AppendNull()
		} else {
			further.Append(r.further[i].text)
		}
	}
}
