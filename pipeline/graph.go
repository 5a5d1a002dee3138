package pipeline

import (
	"fmt"
	"slices"
)

// A node is a step as it was drawn.
type node struct {
	name     string
	caller   string
	part     any // the source, stage or sink; nil for the engine's own steps
	workers  int
	regroups bool // its batches are not its input's
	in       []*port
	out      []*port
	start    func(*run) // begins its goroutines
}

// A port is where a stream leaves a node.
type port struct {
	node    *node
	readers []*node
}

// draw makes a node and notes who drew it.
func draw(part any, in []*port, options []Option) *node {
	n := &node{part: part, workers: 1, in: in, caller: caller()}
	if part != nil {
		n.name = nameOf(part)
	}
	for _, option := range options {
		option(n)
	}
	for _, p := range in {
		if p != nil {
			p.readers = append(p.readers, n)
		}
	}
	return n
}

func (n *node) addPort() *port {
	p := &port{node: n}
	n.out = append(n.out, p)
	return p
}

func (n *node) String() string { return fmt.Sprintf("%s (%s)", n.name, n.caller) }

// A graph is the nodes of a run, each after those that it reads from.
type graph []*node

// check collects what the flows are made of, or says what is wrong with the drawing.
func check(flows []Flow) (graph, error) {
	if len(flows) == 0 {
		return nil, fmt.Errorf("pipeline: nothing to run")
	}
	var g graph
	for _, f := range flows {
		if f.end == nil {
			return nil, fmt.Errorf("pipeline: a flow that Into did not make")
		}
		if slices.Contains(g, f.end) {
			return nil, fmt.Errorf("pipeline: %v is given twice", f.end)
		}
		if err := g.collect(f.end); err != nil {
			return nil, err
		}
	}
	for _, n := range g {
		for _, p := range n.out {
			if err := g.checkReaders(p); err != nil {
				return nil, err
			}
		}
		if n.name == "zip" && origin(n.in[0]) != origin(n.in[1]) {
			return nil, fmt.Errorf("pipeline: the branches of %v do not line up: they hold the batches of %v and of %v",
				n, origin(n.in[0]), origin(n.in[1]))
		}
	}
	return g, nil
}

// collect adds n and all that it reads from, sources first.
func (g *graph) collect(n *node) error {
	if slices.Contains(*g, n) {
		return nil
	}
	for _, p := range n.in {
		if p == nil {
			return fmt.Errorf("pipeline: %v reads a stream that no verb made", n)
		}
		if err := g.collect(p.node); err != nil {
			return err
		}
	}
	*g = append(*g, n)
	return nil
}

// checkReaders sees to it that a stream has one reader, in this run.
func (g graph) checkReaders(p *port) error {
	switch {
	case len(p.readers) == 0:
		return fmt.Errorf("pipeline: nobody reads a stream of %v", p.node)
	case len(p.readers) > 1:
		return fmt.Errorf("pipeline: the stream of %v is read by %v and by %v: use Tee", p.node, p.readers[0], p.readers[1])
	case !slices.Contains(g, p.readers[0]):
		return fmt.Errorf("pipeline: %v reads a stream of %v but is not part of this run", p.readers[0], p.node)
	}
	return nil
}

// origin returns the node that decides which rows a stream's batches hold: a source or a Rebatch.
func origin(p *port) *node {
	for len(p.node.in) > 0 && !p.node.regroups {
		p = p.node.in[0]
	}
	return p.node
}

// source returns the node at the start of a stream.
func source(p *port) *node {
	for len(p.node.in) > 0 {
		p = p.node.in[0]
	}
	return p.node
}

// aligned reports whether bad rows must stay null in a stream, because it leads to a Zip before it is regrouped or
// stored. Outside such branches they are removed at once.
func (p *port) aligned() bool {
	n := p.readers[0]
	if n.name == "zip" {
		return true
	}
	return !n.regroups && slices.ContainsFunc(n.out, (*port).aligned)
}
