package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/train"
)

// A trace is the figures of training: in memory, and in two files of JSON lines.
type trace struct {
	dir         string
	steps       []stepRecord
	epochs      []epochRecord
	stepsFile   *os.File
	epochsFile  *os.File
	observation []train.Epoch
	distinct    bool // duplicates are not held against each other
}

const (
	stepsName  = "steps"
	epochsName = "epochs"
)

// openTrace goes on with the figures in a directory, as far as so many steps and whole epochs.
func openTrace(dir string, steps int, epochs int64) (*trace, error) {
	t := &trace{dir: dir}
	var err error
	if t.stepsFile, t.steps, err = openLines(filepath.Join(dir, stepsName+".jsonl"), func(r stepRecord) bool { return r.Step <= steps }); err != nil {
		return nil, err
	}
	if t.epochsFile, t.epochs, err = openLines(filepath.Join(dir, epochsName+".jsonl"), func(r epochRecord) bool { return r.Epoch <= epochs }); err != nil {
		return nil, errors.Join(err, t.stepsFile.Close())
	}
	for _, e := range t.epochs {
		t.observation = append(t.observation, e.observed())
	}
	return t, nil
}

// openLines opens a file to append to, and returns its records that are to be kept; the others are dropped. A line that
// was cut off is one of those.
func openLines[R any](path string, keep func(R) bool) (*os.File, []R, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	var kept []R
	var lines bytes.Buffer
	for line := range bytes.Lines(text) {
		var r R
		if json.Unmarshal(line, &r) == nil && bytes.HasSuffix(line, []byte("\n")) && keep(r) {
			kept = append(kept, r)
			lines.Write(line)
		}
	}
	if err := checkpoint.Replace(path, func(w io.Writer) error { _, err := w.Write(lines.Bytes()); return err }); err != nil {
		return nil, nil, err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o644)
	return file, kept, err
}

func (t *trace) addStep(r stepRecord) error {
	t.steps = append(t.steps, r)
	return json.NewEncoder(t.stepsFile).Encode(r)
}

// addEpoch adds an epoch, and says in it how training goes.
func (t *trace) addEpoch(e *epochRecord) error {
	o := e.observed()
	if t.distinct {
		o.Duplicates = 0
	}
	t.observation = append(t.observation, o)
	e.Observation = train.Observe(t.observation)
	t.epochs = append(t.epochs, *e)
	return json.NewEncoder(t.epochsFile).Encode(e)
}

// mean returns what the steps of an epoch, of so many pairs each, say together.
func (t *trace) mean(epoch int64, batch int) epochRecord {
	e := epochRecord{Epoch: epoch, Pairs: batch}
	seconds, n := 0.0, 0.0
	for _, s := range t.steps {
		if s.Epoch != epoch {
			continue
		}
		n++
		e.Loss += (s.Loss - e.Loss) / n
		e.Accuracy += (s.Accuracy - e.Accuracy) / n
		e.Duplicates += (float64(s.Duplicates)/float64(batch) - e.Duplicates) / n
		e.Step, e.LogitScale = s.Step, s.LogitScale
		seconds += s.Seconds
	}
	if seconds > 0 {
		e.PairsPerSecond = n * float64(batch) / seconds
	}
	return e
}

// last returns the last epoch, nil where there is none.
func (t *trace) last() *epochRecord {
	if len(t.epochs) == 0 {
		return nil
	}
	return &t.epochs[len(t.epochs)-1]
}

func (t *trace) close() error { return errors.Join(t.stepsFile.Close(), t.epochsFile.Close()) }

// publish writes the figures as Parquet, and draws them.
func (t *trace) publish(ctx context.Context) error {
	if err := writeParquet(ctx, filepath.Join(t.dir, stepsName+".parquet"), t.steps); err != nil {
		return err
	}
	if err := writeParquet(ctx, filepath.Join(t.dir, epochsName+".parquet"), t.epochs); err != nil {
		return err
	}
	return t.draw()
}
