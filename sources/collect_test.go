package sources

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
)

// TestRowsBeforeTheEnd: rows that have been read are given whatever comes after them, and that then, once and for all.
func TestRowsBeforeTheEnd(t *testing.T) {
	broken := errors.New("broken")
	for _, end := range []error{io.EOF, broken, context.Canceled} {
		ctx, cancel := context.WithCancel(pipetest.Context(t))
		defer cancel()
		n := 0
		c := collect(Limits{}, nil, func(context.Context) (pairRow, error) {
			if n++; n <= 2 {
				return pairRow{lane: "lane", id: "id", offset: int64(n)}, nil
			}
			if end == context.Canceled {
				cancel()
			}
			return pairRow{}, end
		})
		b, err := c.read(ctx)
		if err != nil || b.NumRows() != 2 {
			t.Fatalf("%v after %d rows of 2", err, b.NumRows())
		}
		b.Release()
		for range 2 {
			if _, err := c.read(ctx); !errors.Is(err, end) {
				t.Errorf("%v, not %v", err, end)
			}
		}
		if n != 3 {
			t.Errorf("asked %d times for a row, not 3", n)
		}
	}
}

func TestABatchHasOneLane(t *testing.T) {
	ctx := pipetest.Context(t)
	lanes := []string{"a", "a", "b", "a\xff"}
	i := -1
	c := collect(Limits{}, []string{"more"}, func(context.Context) (pairRow, error) {
		if i++; i == len(lanes) {
			return pairRow{}, io.EOF
		}
		return pairRow{lane: lanes[i], id: "\xff", further: []cell{{text: "x", null: i > 0}}}, nil
	})
	for _, want := range []struct {
		origin string
		rows   int64
	}{{"a:0", 2}, {"b:0", 1}, {"a\uFFFD:0", 1}} {
		b, err := c.read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		id, origin := b.Label(0)
		if b.NumRows() != want.rows || origin != want.origin || id != "\uFFFD" {
			t.Errorf("%d rows of %q from %s, not %d from %s", b.NumRows(), id, origin, want.rows, want.origin)
		}
		if _, err := batch.NewPairs(b); err != nil {
			t.Error(err)
		}
		b.Release()
	}
}
