package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/observe"
)

// rows is a batch of so many rows.
type rows int64

func (r rows) Retain()                                           {}
func (r rows) Release()                                          {}
func (r rows) NumRows() int64                                    { return int64(r) }
func (r rows) Drop(_ context.Context, bad []int64) (rows, error) { return r - rows(len(bad)), nil }

// source gives batches of ten rows, the first row of each bad.
type source struct{ batches int }

func (s *source) Read(context.Context) (rows, error) {
	if s.batches == 0 {
		return 0, io.EOF
	}
	s.batches--
	return 10, pipeline.RowErrors{{Row: 0, Err: errors.New("torn")}}
}
func (s *source) Close() error { return nil }

type discard[T any] struct{ fail error }

func (d discard[T]) Write(context.Context, T) error { return d.fail }
func (d discard[T]) Close() error                   { return nil }

func run(o pipeline.Observer, fail error) error {
	flow := pipeline.Into(pipeline.From(&source{batches: 5}), discard[rows]{fail})
	return pipeline.Runner{Rejects: discard[pipeline.Rejects]{}, Observers: []pipeline.Observer{o}}.Run(context.Background(), flow)
}

func TestLog(t *testing.T) {
	var out bytes.Buffer
	if err := run(observe.Log(observe.JSON(&out, true), time.Nanosecond), nil); err != nil {
		t.Fatal(err)
	}
	messages := map[string]int{}
	var last map[string]any
	for line := range strings.Lines(out.String()) {
		last = nil
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		messages[last["message"].(string)]++
	}
	if messages["started"] != 1 || messages["rejected"] != 5 || messages["progress"] < 5 || messages["step"] != 2 {
		t.Errorf("%v", messages)
	}
	if last["message"] != "finished" || last["read"] != 50.0 || last["stored"] != 45.0 || last["rejected"] != 5.0 {
		t.Errorf("last line %v: the counts are not 50 = 45 + 5", last)
	}
}

func TestLogOfFailure(t *testing.T) {
	var out bytes.Buffer
	if err := run(observe.Log(observe.JSON(&out, false), 0), errors.New("disk full")); err == nil {
		t.Fatal("no error")
	}
	if !strings.Contains(out.String(), `"level":"error","error":"discard (observe_test.go:`) || !strings.Contains(out.String(), "disk full") {
		t.Errorf("%s", out.String())
	}
	if strings.Contains(out.String(), `"level":"debug"`) {
		t.Error("lines of debugging without verbose")
	}
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	s := 0.0
	if err := run(observe.Progress(&out, func() float64 { s += 0.05; return min(s, 1) }), nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "(0/200,") { // ten rows were a twentieth
		t.Errorf("%q", out.String())
	}
}
