package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/observe"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
)

// modelFlags choose the model.
type modelFlags struct{ dir, activation, precision string }

func (f *modelFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.dir, "model", "", "directory of a CLIP: Hugging Face, open_clip or original layout (default: the small one inside)")
	c.Flags().StringVar(&f.activation, "activation", "", "quickgelu or gelu, for a checkpoint that does not say")
	c.Flags().StringVar(&f.precision, "precision", "f32", "what the model computes in: f32, int16 (twice as fast), int8 (faster, less exact)")
}

// open opens the model, and says so where it knows little.
func (f *modelFlags) open(c *cobra.Command) (*model.CLIP, error) {
	precision, err := model.ParsePrecision(f.precision)
	if err != nil {
		return nil, usageError{fmt.Errorf("--precision: %w", err)}
	}
	if f.dir == "" {
		fmt.Fprintln(c.ErrOrStderr(), "note: no --model: the small one inside knows drawn shapes and their colours, and nothing of photographs")
		return model.Tiny().WithPrecision(precision), nil
	}
	activation, err := model.ParseActivation(f.activation)
	if err != nil {
		return nil, usageError{err}
	}
	clip, err := model.OpenWith(f.dir, model.Options{Activation: activation})
	if errors.Is(err, model.ErrActivation) {
		return nil, usageError{fmt.Errorf("%w: say it with --activation", err)}
	}
	if err != nil {
		return nil, err
	}
	return clip.WithPrecision(precision), nil
}

// sourceFlags choose the source.
type sourceFlags struct{ address string }

func (f *sourceFlags) add(c *cobra.Command, fallback string) {
	c.Flags().StringVar(&f.address, "source", fallback,
		"pairs: a folder, a CSV, TSV or JSONL list, tar shards, Parquet; or dir:, list:, tar:, parquet:, kafka://, scenes:COUNT")
	if fallback == "" {
		must(c.MarkFlagRequired("source"))
	}
}

func (f *sourceFlags) open() (pipeline.Source[batch.Pairs], error) {
	source, err := sources.Open(f.address)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("--source: %w", err)}
	}
	return source, nil
}

// openSink opens the sink of a --sink flag.
func openSink[T sinks.Table[T]](address string) (pipeline.Sink[T], error) {
	sink, err := sinks.Open[T](address)
	if err != nil {
		return nil, usageError{fmt.Errorf("--sink: %w", err)}
	}
	return sink, nil
}

// runFlags say how a pipeline runs.
type runFlags struct {
	rejects   string
	verbose   bool
	quiet     bool // no line of progress on a terminal, and none in the end
	observers []pipeline.Observer
	sink      pipeline.Sink[pipeline.Rejects] // in place of the file
	logs      io.Writer                       // of JSON, once run has begun; nil where a person is told in other ways
}

// lines is a writer for many at a time, each of whom writes whole lines.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (f *runFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.rejects, "rejects", "rejects.jsonl", "file for rows that are bad; empty: fail at the first")
	c.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "log more")
}

// run runs flows: with a progress line and a last line for people on a terminal, with JSON logs elsewhere. The first
// signal drains, the second aborts.
func (f *runFlags) run(c *cobra.Command, source any, flows ...pipeline.Flow) error {
	ctx, stop, release := pipeline.OnSignal(c.Context())
	defer release()
	runner := pipeline.Runner{Stop: stop, Observers: f.observers}
	if f.sink != nil {
		runner.Rejects = f.sink
	} else if f.rejects != "" {
		runner.Rejects = &sinks.Rejects{Path: f.rejects}
	}
	var report pipeline.Report
	runner.Observers = append(runner.Observers, pipeline.ObserverFunc(func(e pipeline.Event) {
		if end, ok := e.(pipeline.Finished); ok {
			report = end.Report
		}
	}))
	stderr := c.ErrOrStderr()
	person := isTerminal(stderr)
	if person && !f.quiet {
		var read func() float64
		if g, ok := source.(sources.Gauge); ok {
			read = g.Progress
		}
		runner.Observers = append(runner.Observers, observe.Progress(stderr, read))
	} else if !person {
		f.logs = &lines{w: stderr}
		runner.Observers = append(runner.Observers, observe.Log(observe.JSON(f.logs, f.verbose), 0))
	}
	if err := runner.Run(ctx, flows...); err != nil {
		return err
	}
	if person && !f.quiet {
		fmt.Fprintln(stderr, summary(report))
	}
	if report.Rejected > 0 {
		fmt.Fprintf(stderr, "%d rejected: see %s\n", report.Rejected, f.rejects)
		return errRejects
	}
	return nil
}

// resume lets a source that can begin anywhere go on where a sink that knows has stored up to, and puts the rejects
// where that sink keeps them, unless a file was named.
func (f *runFlags) resume(c *cobra.Command, source pipeline.Source[batch.Pairs], sink pipeline.Sink[batch.Vectors]) error {
	parts, ok := sink.(*sinks.Parts[batch.Vectors])
	if !ok {
		return nil
	}
	switch s := source.(type) {
	case *sources.Kafka:
		s.Resume = parts.Resume
	case *sources.Parquet:
		s.Resume = parts.Resume
	case *sources.Tar:
		s.Resume = parts.Resume
	case *sources.ShardTopic:
		s.Resume = parts.Resume
	}
	if c.Flags().Changed("rejects") {
		return usageError{errors.New("--rejects: a directory of parts keeps its rejects in the parts, see verify --json")}
	}
	f.sink, f.rejects = parts.Rejects(), parts.Dir
	return nil
}

// summary is a run in a line.
func summary(r pipeline.Report) string {
	return fmt.Sprintf("%d pairs read, %d stored, %d rejected in %v (%.0f pairs/s)",
		r.Read, r.Read-r.Rejected, r.Rejected, r.Elapsed.Round(time.Millisecond), float64(r.Read)/r.Elapsed.Seconds())
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// must panics on an error that only a mistake in this program can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
