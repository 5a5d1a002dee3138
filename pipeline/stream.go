package pipeline

import "context"

// A Stream is the batches that come out of a step. It is read once: by one verb that takes it, or, through [Tee], by
// two.
type Stream[T Batch] struct{ port *port }

// A Flow is a stream that ends in a sink: something to run.
type Flow struct{ end *node }

// From begins a pipeline at a source.
func From[T Batch](source Source[T], options ...Option) Stream[T] {
	n := draw(source, nil, options)
	out := n.addPort()
	n.start = func(r *run) {
		s := sourceStep[T]{step: r.step(n), source: source, out: outletOf[T](r, out)}
		r.goroutine(s.loop)
	}
	return Stream[T]{out}
}

// Through sends a stream through a stage.
func Through[In, Out Batch](in Stream[In], stage Stage[In, Out], options ...Option) Stream[Out] {
	n := draw(stage, []*port{in.port}, options)
	out := n.addPort()
	n.start = func(r *run) {
		s := stageStep[In, Out]{step: r.step(n), stage: stage, in: pipeOf[In](r, in.port), out: outletOf[Out](r, out)}
		s.start(n.workers)
	}
	return Stream[Out]{out}
}

// Tee returns a stream twice. Its batches are shared, not copied; the slower of the two readers sets the pace.
func Tee[T Batch](in Stream[T]) (left, right Stream[T]) {
	n := draw(nil, []*port{in.port}, []Option{Name("tee")})
	a, b := n.addPort(), n.addPort()
	n.start = func(r *run) {
		s := teeStep[T]{step: r.step(n), in: pipeOf[T](r, in.port), left: outletOf[T](r, a), right: outletOf[T](r, b)}
		r.goroutine(s.loop)
	}
	return Stream[T]{a}, Stream[T]{b}
}

// A Join makes one batch of two that hold the same rows. It borrows both and gives away the result.
type Join[L, R, Out Batch] func(ctx context.Context, left L, right R) (Out, error)

// Zip joins two branches of a [Tee], batch by batch. Neither may have been regrouped on its way. Rows found bad in
// either branch are null until here, and are removed here from both.
func Zip[L, R, Out Batch](left Stream[L], right Stream[R], join Join[L, R, Out]) Stream[Out] {
	n := draw(nil, []*port{left.port, right.port}, []Option{Name("zip")})
	out := n.addPort()
	n.start = func(r *run) {
		s := zipStep[L, R, Out]{
			step: r.step(n), join: join,
			left: pipeOf[L](r, left.port), right: pipeOf[R](r, right.port), out: outletOf[Out](r, out),
		}
		r.goroutine(s.loop)
	}
	return Stream[Out]{out}
}

// Rebatch regroups a stream's rows into windows.
func Rebatch[T Windowed[T]](in Stream[T], window Window) Stream[T] {
	n := draw(nil, []*port{in.port}, []Option{Name("rebatch")})
	n.regroups = true
	out := n.addPort()
	n.start = func(r *run) {
		s := &rebatchStep[T]{step: r.step(n), window: window, in: pipeOf[T](r, in.port), out: outletOf[T](r, out)}
		r.goroutine(s.loop)
	}
	return Stream[T]{out}
}

// Into ends a stream in a sink.
func Into[T Batch](in Stream[T], sink Sink[T], options ...Option) Flow {
	n := draw(sink, []*port{in.port}, options)
	n.start = func(r *run) {
		s := sinkStep[T]{step: r.step(n), sink: sink, in: pipeOf[T](r, in.port), stored: r.ledgerOf(n).enter()}
		r.goroutine(s.loop)
	}
	return Flow{n}
}
