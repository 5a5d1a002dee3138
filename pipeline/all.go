package pipeline

import (
	"context"
	"iter"
)

// All runs a pipeline and yields the batches of its last stream, which the loop's body borrows. The first error comes
// last, beside no batch. Leaving the loop ends the run. The sequence can be ranged over once.
//
//	for vectors, err := range pipeline.All(ctx, stream) {
func All[T Batch](ctx context.Context, in Stream[T]) iter.Seq2[T, error] {
	sink := &rangeSink[T]{batches: make(chan T), next: make(chan struct{})}
	flow := Into(in, sink, Name("range loop"))
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- Run(ctx, flow) }()
		defer func() {
			close(sink.next) // the body is done with its batch
			cancel()
			if ended != nil {
				<-ended
			}
		}()
		for {
			select {
			case batch := <-sink.batches:
				if !yield(batch, nil) {
					return
				}
				sink.next <- struct{}{}
			case err := <-ended:
				ended = nil
				if err != nil {
					var none T
					yield(none, err)
				}
				return
			}
		}
	}
}

// A rangeSink lends each batch to a loop's body until that asks for the next.
type rangeSink[T Batch] struct {
	batches chan T
	next    chan struct{}
}

func (s *rangeSink[T]) Write(ctx context.Context, in T) error {
	select {
	case s.batches <- in:
	case <-ctx.Done():
		return ctx.Err()
	}
	<-s.next
	return nil
}

func (s *rangeSink[T]) Close() error { return nil }
