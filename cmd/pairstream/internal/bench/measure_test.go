package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1}, 5},
		{[]float64{100, 2, 1}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		before := slices.Clone(c.values)
		if got := median(c.values); got != c.want || !slices.Equal(c.values, before) {
			t.Errorf("median of %v is %v, want %v; left %v", before, got, c.want, c.values)
		}
	}
}

// fake takes the given times for its turns, in order.
func fake(name string, ours bool, log *[]string, output []float32, milliseconds ...int) contender {
	c := contender{name: name, ours: ours, least: 0.9, run: func(time.Duration) (int, time.Duration, error) {
		*log = append(*log, name)
		took := milliseconds[0]
		milliseconds = milliseconds[1:]
		return 2, time.Duration(took) * time.Millisecond, nil
	}}
	if output != nil {
		c.output = func() ([]float32, error) { *log = append(*log, "check "+name); return output, nil }
	}
	return c
}

// Outputs are compared before anything is timed; turns alternate; one slow turn of many does not move the result.
func TestMeasure(t *testing.T) {
	var log []string
	results, err := measure(trial{setting: "s", units: 3, operations: 6e9, width: 2, contenders: []contender{
		fake("A", true, &log, []float32{1, 0, 0, 2}, 100, 100, 5000, 100, 100),
		fake("B", false, &log, []float32{2, 0, 0, 1}, 400, 200, 200, 200, 200),
		fake("C", false, &log, nil, 50, 50, 50, 50, 60),
	}}, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(log, " "), "check A check B"+strings.Repeat(" A B C", turns); got != want {
		t.Errorf("order %q, want %q", got, want)
	}
	for i, want := range []result{
		{Rate: 60, Slowest: 1.2, Fastest: 60, GFLOPS: 120, Ratios: map[string]float64{"A": 1}},
		{Rate: 30, Slowest: 15, Fastest: 30, GFLOPS: 60, Ratios: map[string]float64{"A": 2}},
		{Rate: 120, Slowest: 100, Fastest: 120, GFLOPS: 240, Ratios: map[string]float64{"A": 0.5}},
	} {
		got := results[i]
		if got.Rate != want.Rate || got.Slowest != want.Slowest || got.Fastest != want.Fastest || got.GFLOPS != want.GFLOPS ||
			len(got.Ratios) != 1 || got.Ratios["A"] != want.Ratios["A"] {
			t.Errorf("result %d is %+v, want %+v", i, got, want)
		}
	}
	if *results[1].Cosine != 1 || results[2].Cosine != nil {
		t.Errorf("cosines %v, %v: want 1 and none", *results[1].Cosine, results[2].Cosine)
	}
}

func TestMeasureRefusesAnotherResult(t *testing.T) {
	for name, output := range map[string][]float32{
		"one row differs":  {1, 0, 1, 0},
		"NaN":              {1, 0, 0, float32NaN()},
		"another size":     {1, 0},
		"a row of nothing": {1, 0, 0, 0},
	} {
		var log []string
		_, err := measure(trial{width: 2, contenders: []contender{
			fake("A", true, &log, []float32{1, 0, 0, 1}), fake("B", false, &log, output),
		}}, time.Second)
		if err == nil || !strings.Contains(err.Error(), "B") || slices.Contains(log, "A") {
			t.Errorf("%s: error %v after %q, want one about B before anything is timed", name, err, log)
		}
	}
}

func TestRepeat(t *testing.T) {
	if calls, took, err := repeat(0, func() error { time.Sleep(time.Millisecond); return nil }); calls != 1 || took < time.Millisecond || err != nil {
		t.Errorf("%d calls in %v, %v: want one whole call", calls, took, err)
	}
	want := errors.New("no")
	if _, _, err := repeat(time.Hour, func() error { return want }); err != want {
		t.Errorf("error %v, want %v", err, want)
	}
}

func float32NaN() float32 {
	var zero float32
	return zero / zero
}
