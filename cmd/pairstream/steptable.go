package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// stepNames are the steps of CLIP, by the names that the engine gives them.
var stepNames = map[string]string{
	"ingest": "1 ingest", "preprocess": "2 preprocess", "tokenize": "3 tokenize", "encode images": "4 encode images",
	"encode texts": "4 encode texts", "normalize": "5 normalize", "similarity": "6 similarity", "contrast": "7 loss",
}

// A stepTable observes a run and keeps, for each of the seven steps, the shapes and a sample of its first batch, and
// rows and time of all.
type stepTable struct {
	steps []stepRow
}

// A stepRow is a step in the table.
type stepRow struct {
	Step   string        `json:"step"`
	In     string        `json:"in"`
	Out    string        `json:"out"`
	Sample string        `json:"sample"`
	Rows   int64         `json:"rows"`
	Time   time.Duration `json:"time_ns"`
}

// Observe collects.
func (t *stepTable) Observe(e pipeline.Event) {
	switch e := e.(type) {
	case pipeline.Started:
		t.steps = make([]stepRow, len(e.Steps))
		for i, s := range e.Steps {
			t.steps[i].Step = stepNames[s.Name]
		}
	case pipeline.Processed:
		s := &t.steps[e.Step]
		if s.Step != "" && s.Out == "" {
			s.In, s.Out, s.Sample = shape(e.In), shape(e.Out), sample(e.Out)
		}
		s.Rows += e.Rows
		s.Time += e.Busy
	}
}

// rows returns the seven steps in their order.
func (t *stepTable) rows() []stepRow {
	var rows []stepRow
	for n := '1'; n <= '7'; n++ {
		for _, s := range t.steps {
			if strings.HasPrefix(s.Step, string(n)) {
				rows = append(rows, s)
			}
		}
	}
	return rows
}

func (t *stepTable) print(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "step\tin\tout\tsample\trows/s\ttime")
	for _, s := range t.rows() {
		rate := "-"
		if s.Time > 0 {
			rate = fmt.Sprintf("%.0f", float64(s.Rows)/s.Time.Seconds())
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%v\n", s.Step, s.In, s.Out, s.Sample, rate, s.Time.Round(10*time.Microsecond))
	}
	_ = w.Flush() // a write error stays with out until it is flushed
}

// shape says how large the numbers of a batch are.
func shape(b pipeline.Batch) string {
	switch b := b.(type) {
	case batch.Pairs:
		return fmt.Sprintf("%d pairs", b.NumRows())
	case batch.Pixels:
		m := b.Pixels()
		side := int(math.Round(math.Sqrt(float64(m.Width) / 3)))
		return fmt.Sprintf("%d×3×%d×%d float32", m.Rows, side, side)
	case batch.Tokens:
		return fmt.Sprintf("%d×%d int32", b.NumRows(), b.Tokens().Width)
	case batch.ImageFeatures:
		return fmt.Sprintf("%d×%d float32", b.NumRows(), b.Features().Width)
	case batch.TextFeatures:
		return fmt.Sprintf("%d×%d float32", b.NumRows(), b.Features().Width)
	case batch.Features:
		return fmt.Sprintf("2 of %d×%d float32", b.NumRows(), b.Image().Width)
	case batch.Vectors:
		return fmt.Sprintf("2 of %d×%d float32", b.NumRows(), b.Image().Width)
	case batch.Scores:
		return fmt.Sprintf("%d×%d float32", b.NumRows(), b.Similarity().Width)
	case batch.Metrics:
		return "loss, accuracy"
	}
	return "-"
}

// sample shows something of a batch's first row.
func sample(b pipeline.Batch) string {
	switch b := b.(type) {
	case batch.Pairs:
		caption, _ := b.Caption(0)
		return fmt.Sprintf("%.1f kB, %q", float64(len(b.Picture(0)))/1000, cut(caption, 28))
	case batch.Pixels:
		return numbers(b.Pixels().Row(0), 4)
	case batch.Tokens:
		return numbers(b.Tokens().Row(0), 6)
	case batch.ImageFeatures:
		return numbers(b.Features().Row(0), 4)
	case batch.TextFeatures:
		return numbers(b.Features().Row(0), 4)
	case batch.Vectors:
		return numbers(b.Image().Row(0), 4)
	case batch.Scores:
		return numbers(b.Similarity().Row(0), 4)
	case batch.Metrics:
		return fmt.Sprintf("%.4f, %.3f", b.Loss(0), b.Accuracy(0))
	}
	return ""
}

// numbers shows the first n of a row.
func numbers[N batch.Number](row []N, n int) string {
	var shown []string
	for _, v := range row[:min(n, len(row))] {
		if f, ok := any(v).(float32); ok {
			shown = append(shown, fmt.Sprintf("%.3f", f))
		} else {
			shown = append(shown, fmt.Sprint(v))
		}
	}
	return strings.Join(shown, " ") + " …"
}

// cut shortens a text to n characters.
func cut(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
