package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
)

const (
	roleVariable    = "PAIRSTREAM_CHAOS_ROLE"
	brokersVariable = "PAIRSTREAM_CHAOS_BROKERS"
	topicVariable   = "PAIRSTREAM_CHAOS_TOPIC"
	dirVariable     = "PAIRSTREAM_CHAOS_DIR"
	forgetVariable  = "PAIRSTREAM_CHAOS_FORGET" // not to ask the parts where to go on

	noPicture      = "no picture"
	sessionTimeout = time.Second
	pace           = 40 * time.Millisecond // of a batch, so that there is time to be killed
)

// work reads a topic into parts, as a member of a group, until it is told to stop.
func work() {
	dir := os.Getenv(dirVariable)
	parts := &sinks.Parts[batch.Pairs]{Dir: dir, PartBytes: 20_000, Flush: 200 * time.Millisecond}
	source := &sources.Kafka{
		Brokers: strings.Split(os.Getenv(brokersVariable), ","), Topics: []string{os.Getenv(topicVariable)}, Group: "chaos",
		Wait: 5 * time.Millisecond, SessionTimeout: sessionTimeout,
		Warn: func(err error) { fmt.Fprintln(os.Stderr, time.Now().Format(time.TimeOnly), err) },
	}
	if os.Getenv(forgetVariable) == "" {
		source.Resume = parts.Resume
	}
	// What is written to the file is known even when the process is killed.
	seen, err := os.Create(filepath.Join(filepath.Dir(dir), fmt.Sprintf("seen-%d", os.Getpid())))
	if err != nil {
		fail(err)
	}
	check := pipeline.StageFunc[batch.Pairs, batch.Pairs](func(ctx context.Context, in batch.Pairs) (batch.Pairs, error) {
		if _, err := seen.Write(make([]byte, in.NumRows())); err != nil {
			return batch.Pairs{}, err
		}
		var bad pipeline.RowErrors
		for i := range int(in.NumRows()) {
			if string(in.Picture(i)) == noPicture {
				bad = append(bad, pipeline.RowError{Row: int64(i), Err: errors.New("it is no picture")})
			}
		}
		select {
		case <-time.After(pace):
		case <-ctx.Done():
			return batch.Pairs{}, ctx.Err()
		}
		in.Retain()
		return in, bad.OrNil()
	})
	ctx, stop, release := pipeline.OnSignal(context.Background())
	defer release()
	flow := pipeline.Into(pipeline.Through(pipeline.From(source), check), parts)
	if err := (pipeline.Runner{Rejects: parts.Rejects(), Stop: stop}).Run(ctx, flow); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
