// Package observe holds observers of runs: a log by zerolog, and a progress line for a terminal.
package observe

import (
	"io"
	"maps"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/pairstream/pairstream/pipeline"
)

// JSON returns a logger of JSON lines: what a program without a terminal logs with. Verbose adds the lines of debugging.
func JSON(w io.Writer, verbose bool) zerolog.Logger {
	level := zerolog.InfoLevel
	if verbose {
		level = zerolog.DebugLevel
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}

// Log returns an observer that logs a run: its steps when it starts, a line of progress every so often, each reject,
// and the counts at the end. Every is 10 seconds where it is zero.
func Log(log zerolog.Logger, every time.Duration) pipeline.Observer {
	if every == 0 {
		every = 10 * time.Second
	}
	return &logger{log: log, every: every}
}

type logger struct {
	log   zerolog.Logger
	every time.Duration
	tally tally
	began time.Time
	last  time.Time
}

func (l *logger) Observe(e pipeline.Event) {
	l.tally.observe(e)
	switch e := e.(type) {
	case pipeline.Started:
		l.began = time.Now()
		l.last = l.began
		steps := zerolog.Arr()
		for _, s := range e.Steps {
			steps.Str(s.Name)
		}
		l.log.Info().Array("steps", steps).Msg("started")
	case pipeline.Processed:
		if now := time.Now(); now.Sub(l.last) >= l.every {
			l.last = now
			stored := l.tally.stored()
			l.log.Info().Int64("stored", stored).Int64("rejected", l.tally.rejected).
				Float64("pairs_per_second", float64(stored)/now.Sub(l.began).Seconds()).Msg("progress")
		}
	case pipeline.Rejected:
		for _, r := range e.Rejects {
			l.log.Warn().Str("id", r.ID).Str("step", r.Step).Str("origin", r.Origin).Str("reason", r.Reason).Msg("rejected")
		}
	case pipeline.Committed:
		l.log.Debug().Int64("batches", e.Batches).Msg("committed")
	case pipeline.Lagging:
		l.lag(e.Lag)
	case pipeline.Warned:
		l.log.Warn().Str("step", e.Step).Msg(e.Err.Error())
	case pipeline.Finished:
		l.finish(e)
	}
}

// lag logs how far a source is behind: all of it and the worst lane, and each lane where it is verbose.
func (l *logger) lag(lanes map[string]int64) {
	var all, most int64
	var worst string
	each := zerolog.Dict()
	for _, lane := range slices.Sorted(maps.Keys(lanes)) {
		lag := lanes[lane]
		each.Int64(lane, lag)
		if all += lag; lag > most {
			most, worst = lag, lane
		}
	}
	l.log.Info().Int("lanes", len(lanes)).Int64("behind", all).Str("worst_lane", worst).Int64("worst", most).Msg("lag")
	l.log.Debug().Dict("behind", each).Msg("lag by lane")
}

// finish logs what each step did and the counts of the run.
func (l *logger) finish(e pipeline.Finished) {
	for _, s := range e.Report.Steps {
		l.log.Debug().Str("step", s.Name).Str("at", s.Caller).Int64("batches", s.Batches).Int64("rows", s.Rows).
			Int64("bytes", s.Bytes).Int64("rejected", s.Rejected).Dur("busy_ms", s.Busy).Dur("waiting_ms", s.Waiting).
			Dur("blocked_ms", s.Blocked).Msg("step")
	}
	line := l.log.Info()
	if e.Err != nil {
		line = l.log.Error().Err(e.Err)
	}
	line.Int64("read", e.Report.Read).Int64("stored", l.tally.stored()).Int64("rejected", e.Report.Rejected).
		Float64("seconds", e.Report.Elapsed.Seconds()).Msg("finished")
}
