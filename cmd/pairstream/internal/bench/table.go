package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// A table is the results of trials of one kind.
type table struct {
	Name    string   `json:"name"`
	Unit    string   `json:"unit"`
	Notes   []string `json:"notes,omitempty"` // what the numbers are of, and who is missing
	Results []result `json:"results"`
}

// A result is what one contender reached in one trial.
type result struct {
	Setting   string             `json:"setting"`
	Contender string             `json:"contender"`
	Rate      float64            `json:"rate"` // units a second, the median of its turns
	Slowest   float64            `json:"slowest"`
	Fastest   float64            `json:"fastest"`
	GFLOPS    float64            `json:"gflops,omitempty"` // of the work as it is usually counted, whatever was really computed
	Cosine    *float64           `json:"cosine,omitempty"` // the least of a row, to the trial's first contender
	Ratios    map[string]float64 `json:"ratios"`           // each of our rates over this one
	ours      bool
}

// print writes the table with one line a result and one column of ratios for each contender of ours.
func (t *table) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", t.Name)
	for _, note := range t.Notes {
		fmt.Fprintf(w, "  %s\n", note)
	}
	var ours []string
	counted, compared := false, false
	for _, r := range t.Results {
		if r.ours && !slices.Contains(ours, r.Contender) {
			ours = append(ours, r.Contender)
		}
		counted = counted || r.GFLOPS > 0
		compared = compared || r.Cosine != nil
	}
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(cells ...string) { fmt.Fprintln(tab, strings.Join(cells, "\t")+"\t") }
	head := []string{"", "", t.Unit, "min…max"}
	if counted {
		head = append(head, "GFLOP/s")
	}
	if compared {
		head = append(head, "1 − cosine")
	}
	for _, name := range ours {
		head = append(head, strings.TrimPrefix(name, "pairstream ")+" is")
	}
	line(head...)
	for i, r := range t.Results {
		setting := r.Setting
		if i > 0 && setting == t.Results[i-1].Setting {
			setting = ""
		}
		cells := []string{setting, r.Contender, number(r.Rate), number(r.Slowest) + "…" + number(r.Fastest)}
		if counted {
			cells = append(cells, number(r.GFLOPS))
		}
		if compared {
			cells = append(cells, deviation(r.Cosine))
		}
		for _, name := range ours {
			cells = append(cells, fmt.Sprintf("%.2f×", r.Ratios[name]))
		}
		line(cells...)
	}
	tab.Flush()
}

// number has three digits or more.
func number(v float64) string {
	switch {
	case v == 0:
		return ""
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.0f", v)
	}
}

func deviation(cosine *float64) string {
	if cosine == nil {
		return ""
	}
	return fmt.Sprintf("%.0e", max(0, 1-*cosine))
}
