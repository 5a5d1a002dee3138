package pipeline

import "time"

// An Observer is told what happens in a run, one event at a time. It holds up the step that the event is about, so it
// should be quick.
type Observer interface{ Observe(Event) }

// ObserverFunc makes an observer of a function.
type ObserverFunc func(Event)

// Observe calls f.
func (f ObserverFunc) Observe(e Event) { f(e) }

// An Event is one of [Started], [Processed], [Rejected], [Committed], [Lagging], [Warned] and [Finished].
type Event interface{ event() }

// Started is the first event: all parts are open, nothing flows yet.
type Started struct{ Steps []StepInfo }

// StepInfo says what a step is.
type StepInfo struct {
	Name    string
	Caller  string // file:line of the verb that drew it
	Workers int
	Inputs  []int // indexes of the steps it reads from
}

// Processed says that a step is done with a batch.
type Processed struct {
	Step int // index into Started.Steps

	// In and Out are the batches the step was given and gave. In is nil for a source, and for a Rebatch, which takes
	// many; Out is nil for a sink. They are borrowed.
	In, Out Batch

	Rows int64         // of the source, that the batch accounts for
	Busy time.Duration // in the part's own method
}

// Rejected says that rows were removed and written to the rejects sink.
type Rejected struct{ Rejects Rejects }

// Committed says that a source was told how much of it is durably stored.
type Committed struct {
	Source  int // index into Started.Steps
	Batches int64
}

// Lagging says how far a source that is a [Lagger] is behind. It comes every ten seconds, and when all has been stored.
type Lagging struct {
	Source int              // index into Started.Steps
	Lag    map[string]int64 // by lane
}

// Warned says what a part has told by [Warn]. It may come before Started, from a part that is being opened.
type Warned struct {
	Step string
	Err  error
}

// Finished is the last event: every part is closed.
type Finished struct {
	Report Report
	Err    error // what Run returns
}

// A Report is a run in numbers. In a run without error Read = Rejected + Stored, for each sink that all of its
// source's rows go to.
type Report struct {
	Elapsed  time.Duration
	Read     int64 // rows that the sources gave, bad ones included
	Rejected int64 // rows that were removed
	Steps    []StepReport
}

// A StepReport is a step in numbers.
type StepReport struct {
	StepInfo
	Batches  int64
	Rows     int64         // of the source, that they account for
	Bytes    int64         // given out, or, by a sink, taken in, where batches know their size
	Rejected int64         // rows that it found bad
	Busy     time.Duration // in the part's own method, over all workers
	Waiting  time.Duration // for a batch to come in
	Blocked  time.Duration // for a batch to be taken
	Queue    int           // batches waiting before it when it was last looked at
}

func (Started) event()   {}
func (Processed) event() {}
func (Rejected) event()  {}
func (Committed) event() {}
func (Lagging) event()   {}
func (Warned) event()    {}
func (Finished) event()  {}
