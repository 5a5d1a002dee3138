package pipeline

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Draw returns flows as text, a step a line in the order the batches go, or what is wrong with them:
//
//	1  folder            main.go:20
//	2  tee            1  main.go:21
//	3  preprocess ×4  2  main.go:22
func Draw(flows ...Flow) (string, error) {
	g, err := check(flows)
	if err != nil {
		return "", err
	}
	number := map[*node]int{}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for i, n := range g {
		number[n] = i + 1
		name := n.name
		if n.workers > 1 {
			name = fmt.Sprintf("%s ×%d", name, n.workers)
		}
		var inputs []string
		for _, p := range n.in {
			inputs = append(inputs, fmt.Sprint(number[p.node]))
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", i+1, name, strings.Join(inputs, "+"), n.caller)
	}
	if err := w.Flush(); err != nil {
		return "", err
	}
	return text.String(), nil
}
