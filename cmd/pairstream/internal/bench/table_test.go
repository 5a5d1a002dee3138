package main

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	one, near := 1.0, 0.9998
	unit := table{Name: "towers", Unit: "images/s", Notes: []string{"of cards"}, Results: []result{
		{Setting: "batch 1", Contender: "we", Rate: 20, Slowest: 8.25, Fastest: 21, GFLOPS: 176, Cosine: &one, ours: true, Ratios: map[string]float64{"we": 1}},
		{Setting: "batch 1", Contender: "they", Rate: 10, Slowest: 10, Fastest: 10, GFLOPS: 88, Cosine: &near, Ratios: map[string]float64{"we": 2}},
	}}
	var b strings.Builder
	unit.print(&b)
	want := `
towers
  of cards
                 images/s    min…max  GFLOP/s  1 − cosine  we is
  batch 1    we      20.0  8.25…21.0      176       0e+00  1.00×
           they      10.0  10.0…10.0     88.0       2e-04  2.00×
`
	if b.String() != want {
		t.Errorf("printed %s, want %s", b.String(), want)
	}
}
