package sinks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
)

// chains are the lanes of a folder, each a chain of parts: one begins where the one before it ends, and its name says
// where. So to publish a part is to compare and swap: of two writers that would go on at the same offset, one fails to
// link its part, reads the other's, and drops what that accounts for.
type chains struct {
	settings partSettings
	folder   folder
	ctx      context.Context // for its allocator alone: what is held outlives calls

	mu        sync.Mutex       // rejects are written by other goroutines than rows
	last      map[string]int64 // by escaped lane, where its last part began when the folder was opened
	lanes     map[string]*lane
	bytes     int64         // held, over all lanes
	checked   time.Time     // for lanes that have waited for long
	schema    *arrow.Schema // of all parts; nil while there is none with rows
	given     *arrow.Schema // of the last batch, which fits schema
	written   writes
	rejected  writes
	repeated  int64
	unsettled bool  // parts were seen or made whose names may not be durable
	err       error // for good
	closed    bool
}

// openChains finds out which chains a folder has. Where they end is read when their lanes come.
func openChains(ctx context.Context, dir string, settings partSettings) (*chains, error) {
	f, names, err := openFolder(ctx, dir, settings.disk)
	if err != nil {
		return nil, err
	}
	c := &chains{
		settings: settings, folder: f, ctx: context.WithoutCancel(ctx),
		last: map[string]int64{}, lanes: map[string]*lane{},
	}
	for _, name := range names {
		escaped, first, _ := parsePartName(name)
		c.last[escaped] = max(c.last[escaped], first)
	}
	for _, name := range names {
		part, err := c.read(name)
		if err != nil {
			return nil, err
		}
		if c.schema = part.schema; c.schema != nil {
			break
		}
	}
	return c, nil
}

// read reads the footer of a part.
func (c *chains) read(name string) (footer, error) {
	part, err := c.folder.open(name)
	if err != nil {
		return footer{}, err
	}
	defer part.Close()
	return readFooter(part)
}

// lane returns a lane, which it gets to know first.
func (c *chains) lane(name string) (*lane, error) {
	if l, ok := c.lanes[name]; ok {
		return l, nil
	}
	name = strings.Clone(name) // which may be a batch's
	l := &lane{name: name}
	last, known := c.last[escapeLane(name)]
	l.next = last
	if err := c.catchUp(l); err != nil {
		return nil, err
	}
	if known && l.next == last {
		return nil, fmt.Errorf("%s is gone", c.folder.path(partName(name, last)))
	}
	c.lanes[name] = l
	return l, nil
}

// catchUp goes along a lane's chain to its end, past what others have published.
func (c *chains) catchUp(l *lane) error {
	for {
		name := partName(l.name, l.next)
		part, err := c.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if part.lane != l.name || part.first != l.next {
			return fmt.Errorf("%s is a part of lane %q from offset %d on, not of %q from %d", c.folder.path(name), part.lane, part.first, l.name, l.next)
		}
		if c.schema == nil {
			c.schema = part.schema
		}
		if part.schema != nil {
			if err := checkFollows(c.schema, part.schema); err != nil {
				return fmt.Errorf("%s: %w", c.folder.path(name), err)
			}
		}
		c.unsettled = true
		c.bytes -= l.advance(part.next, time.Now())
	}
}

// settle makes durable what unsettled tells of.
func (c *chains) settle() error {
	if !c.unsettled {
		return nil
	}
	err := c.folder.settle()
	c.unsettled = err != nil
	return err
}

// resume returns the offset behind all that the lane's parts account for, durably.
func (c *chains) resume(name string) (next int64, ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, err := c.lane(name)
	if err != nil {
		return 0, false, err
	}
	if err := c.catchUp(l); err != nil {
		return 0, false, err
	}
	return l.next, l.next > 0, c.settle()
}
