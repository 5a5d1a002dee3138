package main

import (
	"math"
	"strconv"
	"testing"
)

func TestGuesses(t *testing.T) {
	logits := []float32{0, 3, 2, 1}
	for _, test := range []struct {
		right, n int
		want     []string
	}{
		{1, 2, []string{"1", "2"}},
		{0, 2, []string{"1", "0"}}, // the right one is always among them
		{3, 9, []string{"1", "2", "3", "0"}},
	} {
		list := guesses(logits, test.right, test.n, strconv.Itoa)
		if len(list) != len(test.want) {
			t.Fatalf("right %d of %d: %+v", test.right, test.n, list)
		}
		for i, g := range list {
			if g.caption != test.want[i] || g.right != (g.caption == strconv.Itoa(test.right)) {
				t.Errorf("right %d of %d: %+v", test.right, test.n, list)
			}
		}
		// e³ of e³ + e² + e + 1
		if math.Abs(list[0].probability-0.6439) > 1e-4 {
			t.Errorf("the best has %v", list[0].probability)
		}
	}
}
