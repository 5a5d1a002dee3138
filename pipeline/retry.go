package pipeline

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Backoff says how often and how patiently something is tried again. Each pause is a random part, from half to all, of
// a span that doubles from First up to Most.
type Backoff struct {
	Tries int           // in all; 0 is 5
	First time.Duration // 0 is 100 ms
	Most  time.Duration // 0 is 10 s
}

// Retry returns a stage that processes a batch again where the error is [Transient].
func Retry[In, Out Batch](stage Stage[In, Out], backoff Backoff) Stage[In, Out] {
	return retriedStage[In, Out]{retried{stage, backoff}, stage}
}

// RetrySink returns a sink that writes a batch again where the error is [Transient], which says that nothing of it was
// stored, or that storing it twice does no harm.
func RetrySink[T Batch](sink Sink[T], backoff Backoff) Sink[T] {
	r := retriedSink[T]{retried{sink, backoff}, sink}
	if s, ok := sink.(Storer); ok {
		return struct {
			retriedSink[T]
			Storer
		}{r, s}
	}
	return r
}

// retried hands on what a part offers beyond its own methods.
type retried struct {
	part    any
	backoff Backoff
}

func (r retried) Open(ctx context.Context) error {
	if o, ok := r.part.(Opener); ok {
		return o.Open(ctx)
	}
	return nil
}

func (r retried) Close() error {
	if c, ok := r.part.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// do calls try until it succeeds, or fails for good.
func (r retried) do(ctx context.Context, try func() error) error {
	tries, pause, most := r.backoff.Tries, r.backoff.First, r.backoff.Most
	if tries == 0 {
		tries = 5
	}
	if pause == 0 {
		pause = 100 * time.Millisecond
	}
	if most == 0 {
		most = 10 * time.Second
	}
	for n := 1; ; n++ {
		err := try()
		if err == nil || !IsTransient(err) {
			return err
		}
		if n == tries {
			return fmt.Errorf("%w (tried %d times)", err, n)
		}
		pause = min(pause, most)
		timer := time.NewTimer(pause/2 + rand.N(pause/2+1))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
		pause *= 2
	}
}

type retriedStage[In, Out Batch] struct {
	retried
	stage Stage[In, Out]
}

func (r retriedStage[In, Out]) Process(ctx context.Context, in In) (out Out, err error) {
	err = r.do(ctx, func() (err error) {
		out, err = r.stage.Process(ctx, in)
		return err
	})
	return out, err
}

type retriedSink[T Batch] struct {
	retried
	sink Sink[T]
}

func (r retriedSink[T]) Write(ctx context.Context, in T) error {
	return r.do(ctx, func() error { return r.sink.Write(ctx, in) })
}

func (r retriedSink[T]) Abort() error { return abort(r.sink) }
