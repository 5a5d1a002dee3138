package observe

import "github.com/pairstream/pairstream/pipeline"

// A tally counts the rows at both ends of a pipeline.
type tally struct {
	sources  map[int]bool
	sinks    map[int]int64 // rows of the source that each sink has
	given    int64         // rows that the sources gave
	rejected int64
}

func (t *tally) observe(e pipeline.Event) {
	switch e := e.(type) {
	case pipeline.Started:
		t.sources, t.sinks = map[int]bool{}, map[int]int64{}
		for i, s := range e.Steps {
			t.sources[i] = len(s.Inputs) == 0
			t.sinks[i] = 0
			for _, input := range s.Inputs {
				delete(t.sinks, input)
			}
		}
	case pipeline.Processed:
		if t.sources[e.Step] {
			t.given += e.Rows
		}
		if _, ok := t.sinks[e.Step]; ok {
			t.sinks[e.Step] += e.Rows
		}
	case pipeline.Rejected:
		t.rejected += e.Rejects.NumRows()
	}
}

// stored returns the rows that every sink has.
func (t *tally) stored() int64 {
	least := int64(-1)
	for _, rows := range t.sinks {
		if least < 0 || rows < least {
			least = rows
		}
	}
	return max(least, 0)
}
