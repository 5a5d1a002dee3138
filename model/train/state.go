package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/pairstream/pairstream/model/checkpoint"
)

// What a state's metadata says beside the caller's notes.
const (
	stepNote     = "train.step"
	settingsNote = "train.settings"
)

// Save writes all that training needs to go on to a safetensors file, replaced in one step: the weights by the
// original's names, AdamW's moments as adamw.first.NAME and adamw.second.NAME, and the number of steps. A state that is not finite is ErrDiverged, and not
// saved. notes is the
// caller's part, given back by Load: where it stands in its data, the state of its random numbers.
func (t *Trainer) Save(path string, notes map[string]string) error {
	metadata := map[string]string{stepNote: strconv.Itoa(t.optimizer.Steps), settingsNote: t.settings()}
	for name, note := range notes {
		if _, ok := metadata[name]; ok {
			return fmt.Errorf("train: a note may not be named %s", name)
		}
		metadata[name] = note
	}
	var tensors []checkpoint.Tensor
	var broken error
	t.each(func(name string, shape []int, values []float32) {
		tensors = append(tensors, checkpoint.FromFloats(name, shape, values))
		if broken == nil && !finite(values) {
			broken = fmt.Errorf("train: %s is not finite after step %d: %w", name, t.optimizer.Steps, ErrDiverged)
		}
	})
	if broken != nil {
		return broken
	}
	err := checkpoint.Replace(path, func(w io.Writer) error { return checkpoint.Write(w, tensors, metadata) })
	if err != nil {
		return fmt.Errorf("train: save state: %w", err)
	}
	return nil
}

// Load goes on from what Save wrote, and gives back its notes. The model's shapes and the options must be those of
// the trainer that saved: training then ends with the weights, bit for bit, that it would have had without a break.
// After an error the trainer is of no use.
func (t *Trainer) Load(path string) (notes map[string]string, err error) {
	f, err := checkpoint.Open(path)
	if err != nil {
		return nil, fmt.Errorf("train: load state: %w", err)
	}
	if err := errors.Join(t.load(f), f.Close()); err != nil {
		return nil, fmt.Errorf("train: load state: %w", err)
	}
	t.learner.Update()
	return ownNotes(f.Metadata()), nil
}

func (t *Trainer) load(f *checkpoint.File) error {
	metadata := f.Metadata()
	steps, err := strconv.Atoi(metadata[stepNote])
	if err != nil || steps < 0 {
		return fmt.Errorf("%s: %s is %q, want a number of steps", f.Name(), stepNote, metadata[stepNote])
	}
	if err := sameSettings(metadata[settingsNote], t.settings()); err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	known := 0
	t.each(func(name string, shape []int, values []float32) {
		tensor, ok := f.Tensor(name)
		known++
		switch {
		case err != nil:
		case !ok:
			err = fmt.Errorf("%s: tensor %s is missing", f.Name(), name)
		case !slices.Equal(tensor.Shape, shape) && len(shape)+len(tensor.Shape) > 0:
			err = fmt.Errorf("%s: tensor %s has shape %v, want %v", f.Name(), name, tensor.Shape, shape)
		default:
			var stored []float32
			if stored, err = tensor.Floats(); err == nil {
				copy(values, stored)
			}
		}
	})
	if names := f.Names(); err == nil && len(names) != known {
		err = fmt.Errorf("%s: %d tensors, want %d", f.Name(), len(names), known)
	}
	t.optimizer.Steps = steps
	return err
}

func finite(values []float32) bool {
	for _, v := range values {
		if v-v != 0 {
			return false
		}
	}
	return true
}

// each visits all tensors of the state.
func (t *Trainer) each(visit func(name string, shape []int, values []float32)) {
	for _, s := range t.optimizer.State() {
		visit(s.Name, s.Shape, s.Value)
		if s.Gradient != nil {
			visit("adamw.first."+s.Name, s.Shape, s.First)
			visit("adamw.second."+s.Name, s.Shape, s.Second)
		}
	}
}

// settings are the options that decide the weights.
func (t *Trainer) settings() string {
	text, err := json.Marshal(t.options)
	if err != nil {
		panic(err) // numbers, none of them NaN: New has checked them
	}
	return string(text)
}

// sameSettings names the first option that is another one now.
func sameSettings(saved, now string) error {
	var then, these map[string]any
	if err := json.Unmarshal([]byte(saved), &then); err != nil {
		return fmt.Errorf("%s is %q, no options", settingsNote, saved)
	}
	if err := json.Unmarshal([]byte(now), &these); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(these)) {
		if was, is := fmt.Sprint(then[name]), fmt.Sprint(these[name]); was != is {
			return fmt.Errorf("saved with %s %s, but it is %s now", name, was, is)
		}
	}
	return nil
}

// Notes reads what Save was given beside the state, without the state itself.
func Notes(path string) (map[string]string, error) {
	f, err := checkpoint.Open(path)
	if err != nil {
		return nil, fmt.Errorf("train: state: %w", err)
	}
	notes := f.Metadata()
	if _, ok := notes[stepNote]; !ok {
		err = fmt.Errorf("train: %s is no state of training", path)
	}
	return ownNotes(notes), errors.Join(err, f.Close())
}

// ownNotes are the caller's.
func ownNotes(notes map[string]string) map[string]string {
	maps.DeleteFunc(notes, func(name, _ string) bool { return name == stepNote || name == settingsNote })
	return notes
}
