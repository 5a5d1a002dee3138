package model

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/tensor"
)

// load gets every parameter from a checkpoint, where it can without a copy.
func load(f *checkpoint.File, names naming, list []parameter) ([][]float32, error) {
	used := make(map[string]bool)
	for _, p := range list {
		tensors, _ := names.stored(p.name)
		for _, t := range tensors {
			used[t.name] = true
		}
	}
	for _, name := range f.Names() {
		if t, _ := f.Tensor(name); !used[name] && !buffer(name) {
			return nil, fmt.Errorf("%s: tensor %s %v has no place in this model", t.File(), name, t.Shape)
		}
	}
	values, errs := make([][]float32, len(list)), make([]error, len(list))
	tensor.Parallel(len(list), func(i int) {
		values[i], errs[i] = loadOne(f, names, list[i])
		f.Forget()
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

func loadOne(f *checkpoint.File, names naming, p parameter) ([]float32, error) {
	stored, transposed := names.stored(p.name)
	shape := slices.Clone(p.shape)
	if transposed {
		slices.Reverse(shape)
	}
	shares := 0
	for _, s := range stored {
		shares += s.share
	}
	var parts [][]float32
	for _, s := range stored {
		shape := slices.Clone(shape)
		if len(stored) > 1 {
			shape[0] = shape[0] / shares * s.share
		}
		t, ok := f.Tensor(s.name)
		if !ok {
			return nil, fmt.Errorf("%s: tensor %s %v is missing", f.Name(), s.name, shape)
		}
		if !slices.Equal(squeeze(t.Shape, len(shape)), shape) {
			return nil, fmt.Errorf("%s: tensor %s has shape %v, want %v", t.File(), s.name, t.Shape, shape)
		}
		values, err := t.Floats()
		if err != nil {
			return nil, err
		}
		if i := notFinite(values); i >= 0 {
			return nil, fmt.Errorf("%s: tensor %s: element %d is %v", t.File(), s.name, i, values[i])
		}
		if strings.HasSuffix(s.name, ".running_var") && slices.Min(values) < 0 {
			return nil, fmt.Errorf("%s: tensor %s: a variance is %v", t.File(), s.name, slices.Min(values))
		}
		parts = append(parts, values)
	}
	switch {
	case len(parts) > 1:
		return slices.Concat(parts...), nil
	case transposed:
		return transpose(parts[0], shape[0], shape[1]), nil
	}
	return parts[0], nil
}

// squeeze takes ones from the front of a shape that has more dimensions than rank: some packages keep a vector as (1, 1, W).
func squeeze(shape []int, rank int) []int {
	for len(shape) > rank && shape[0] == 1 {
		shape = shape[1:]
	}
	return shape
}

// notFinite gives the index of the first NaN or infinity, or -1.
func notFinite(values []float32) int {
	const exponent = 0xff << 23
	for i, v := range values {
		if math.Float32bits(v)&exponent == exponent {
			return i
		}
	}
	return -1
}
