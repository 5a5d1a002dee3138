package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
)

// guess is a caption and how probable it is for a picture, among all that it was compared with.
type guess struct {
	caption     string
	probability float64
	right       bool
}

// guesses are the n most probable captions of a picture, given its row of logits. right is the index of its own, which
// comes last where it is not among them.
func guesses(logits []float32, right, n int, caption func(int) string) []guess {
	order := make([]int, len(logits))
	top, sum := float64(slices.Max(logits)), 0.0
	for i, l := range logits {
		order[i] = i
		sum += math.Exp(float64(l) - top)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(logits[b], logits[a]) })
	if rank := slices.Index(order, right); rank >= n {
		order[n-1] = right
	}
	var list []guess
	for _, i := range order[:min(n, len(order))] {
		list = append(list, guess{caption(i), math.Exp(float64(logits[i])-top) / sum, i == right})
	}
	return list
}

func printGuesses(out io.Writer, list []guess) {
	fmt.Fprintf(out, "\npicture 0 shows, with the probability of:\n\n")
	for _, g := range list {
		mark := "wrong"
		if g.right {
			mark = "right"
		}
		fmt.Fprintf(out, "%7.1f %%  %s: %s\n", 100*g.probability, mark, cut(g.caption, 80))
	}
}
