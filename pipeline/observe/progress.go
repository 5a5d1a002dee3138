package observe

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/pairstream/pairstream/pipeline"
)

// Progress returns an observer that keeps a line on a terminal up to date: pairs stored and rejected, pairs per second,
// and the remaining time, where read tells how much of the source has been read, from 0 to 1. Read may be nil.
func Progress(terminal io.Writer, read func() float64) pipeline.Observer {
	bar := progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(terminal),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("pairs"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionFullWidth(),
		progressbar.OptionClearOnFinish(),
	)
	return &progress{terminal: terminal, bar: bar, read: read}
}

type progress struct {
	terminal io.Writer
	bar      *progressbar.ProgressBar
	read     func() float64
	tally    tally
	total    int64 // rows that the sources will give, as far as one can tell
}

// The bar's own errors are those of a terminal that has gone away, which must not end the run.
func (p *progress) Observe(e pipeline.Event) {
	p.tally.observe(e)
	switch e := e.(type) {
	case pipeline.Processed:
		p.estimate()
		_ = p.bar.Set64(p.tally.stored() + p.tally.rejected)
	case pipeline.Rejected:
		p.bar.Describe(fmt.Sprintf("%d rejected", p.tally.rejected))
	case pipeline.Warned:
		_ = p.bar.Clear()
		fmt.Fprintln(p.terminal, "warning:", e.Err)
	case pipeline.Finished:
		_ = p.bar.Finish()
	}
}

// estimate takes the rows given so far for the share of the source that has been read.
func (p *progress) estimate() {
	if p.read == nil {
		return
	}
	share := p.read()
	if share <= 0 {
		return
	}
	total := max(p.tally.given, int64(float64(p.tally.given)/share))
	if p.total == 0 || total > p.total+p.total/50 || total < p.total-p.total/50 || share >= 1 && total != p.total {
		p.total = total
		p.bar.ChangeMax64(total)
	}
}
