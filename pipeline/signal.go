package pipeline

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// OnSignal listens for the interrupt and terminate signals: the first closes stop, which makes a [Runner] drain; the
// second ends the context, which aborts. Release ends the listening.
func OnSignal(parent context.Context) (ctx context.Context, stop <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	stopped := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-signals:
			close(stopped)
		case <-ctx.Done():
			return
		}
		select {
		case s := <-signals:
			cancel(SignalError{s})
		case <-ctx.Done():
		}
	}()
	return ctx, stopped, func() {
		signal.Stop(signals)
		cancel(nil)
		<-ended
	}
}

// SignalError is the cause of a context that [OnSignal] ended.
type SignalError struct{ Signal os.Signal }

func (e SignalError) Error() string { return "aborted by signal: " + e.Signal.String() }
