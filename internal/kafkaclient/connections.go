package kafkaclient

import (
	"context"
	"net"
	"sync"
)

// connections knows what is open, so that no request outlives its client: the library has several that cannot be
// cancelled.
type connections struct {
	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

func (c *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	plain, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		plain.Close()
		return nil, net.ErrClosed
	}
	conn := &connection{plain, c}
	c.open[conn] = true
	return conn, nil
}

func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.open {
		conn.(*connection).Conn.Close()
	}
}

// A connection leaves its connections when it is closed.
type connection struct {
	net.Conn
	of *connections
}

func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
