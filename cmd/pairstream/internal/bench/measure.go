package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// A contender is one way to do the work of a case.
type contender struct {
	name string
	ours bool

	// run works for about d, one whole call at least, and tells how many calls took how long.
	run func(d time.Duration) (calls int, took time.Duration, err error)

	// output is what a call computes, for comparison with the first contender's; nil where there is nothing to compare.
	output func() ([]float32, error)
	least  float64 // the cosine that each row of the output has to reach
}

// A trial is one case: contenders that do the same work.
type trial struct {
	setting    string // what sets it apart from the table's others
	units      float64
	operations float64 // additions and multiplications of a call, 0 where they do not tell much
	width      int     // of a row of output
	contenders []contender
}

const (
	turns  = 5 // of each contender
	fewest = 3 // where one call takes longer than a turn should
	rest   = 20 * time.Millisecond
)

// measure lets the contenders take turns, A B A B, so that whatever slows the machine for a while slows all of them.
// Outputs are compared first: where one computes something else, that is an error and nobody is timed. Each is timed for
// about d in all, or for as long as its fewest turns take.
func measure(t trial, d time.Duration) ([]result, error) {
	results := make([]result, len(t.contenders))
	rates := make([][]float64, len(t.contenders))
	var truth []float32
	for i, c := range t.contenders {
		r := &results[i]
		r.Setting, r.Contender, r.ours = t.setting, c.name, c.ours
		if c.output == nil {
			continue
		}
		output, err := c.output()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", t.setting, c.name, err)
		}
		if truth == nil {
			truth = output
		}
		cos, err := leastCosine(truth, output, t.width)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", t.setting, c.name, err)
		}
		if !(cos >= c.least) {
			return nil, fmt.Errorf("%s: %s computes something else: cosine %v to %s, want %v", t.setting, c.name, cos, t.contenders[0].name, c.least)
		}
		r.Cosine = &cos
	}
	start := time.Now()
	for turn := range turns {
		if turn >= fewest && time.Since(start) > 2*d*time.Duration(len(t.contenders)) {
			break
		}
		for i, c := range t.contenders {
			time.Sleep(rest) // threads of the one before stop spinning
			calls, took, err := c.run(d / turns)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", t.setting, c.name, err)
			}
			rates[i] = append(rates[i], float64(calls)*t.units/took.Seconds())
		}
	}
	for i := range results {
		r := &results[i]
		r.Rate, r.Slowest, r.Fastest = median(rates[i]), slices.Min(rates[i]), slices.Max(rates[i])
		r.GFLOPS = r.Rate / t.units * (t.operations / 1e9)
	}
	for i := range results {
		results[i].Ratios = map[string]float64{}
		for _, r := range results {
			if r.ours {
				results[i].Ratios[r.Contender] = r.Rate / results[i].Rate
			}
		}
	}
	return results, nil
}

// repeat calls f until d has passed.
func repeat(d time.Duration, f func() error) (calls int, took time.Duration, err error) {
	for start := time.Now(); calls == 0 || took < d; took = time.Since(start) {
		if err := f(); err != nil {
			return 0, 0, err
		}
		calls++
	}
	return calls, took, nil
}

// median of values, of which there is at least one: of an even number, the mean of the two in the middle.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// leastCosine compares a and b (N, width) row by row.
func leastCosine(a, b []float32, width int) (float64, error) {
	if len(a) != len(b) || len(a) == 0 || len(a)%width != 0 {
		return 0, fmt.Errorf("%d values, want %d in rows of %d", len(b), len(a), width)
	}
	least := 1.0
	for i := 0; i < len(a); i += width {
		var ab, aa, bb float64
		for j := i; j < i+width; j++ {
			x, y := float64(a[j]), float64(b[j])
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
		cos := ab / math.Sqrt(aa*bb)
		if math.IsNaN(cos) {
			return cos, nil
		}
		least = min(least, cos)
	}
	return least, nil
}
