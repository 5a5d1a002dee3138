package loss

import (
	"math"
	"slices"
)

// groups are the pairs that are the same as others, such as those of one caption: none is held against another. A group
// is the indices of its pairs, in order.
type groups struct {
	same []int32
	of   map[int32][]int // groups of more than one
}

// groupsOf makes the groups of pairs that have the same number.
func groupsOf(same []int32) groups {
	of := map[int32][]int{}
	for i, s := range same {
		of[s] = append(of[s], i)
	}
	for s, pairs := range of {
		if len(pairs) == 1 {
			delete(of, s)
		}
	}
	return groups{same, of}
}

// exclude makes nothing of the logits between pairs of one group.
func (g groups) exclude(t *tile, rows, cols span) {
	if len(g.of) == 0 {
		return
	}
	for i := rows.from; i < rows.to; i++ {
		pairs := g.of[g.same[i]]
		at, _ := slices.BinarySearch(pairs, cols.from)
		for ; at < len(pairs) && pairs[at] < cols.to; at++ {
			if pairs[at] != i {
				t.omit(i-rows.from, pairs[at]-cols.from)
			}
		}
	}
}

// omit makes nothing of one logit.
func (t *tile) omit(i, j int) {
	t.hi[i*T+j], t.lo[i*T+j] = float32(math.Inf(-1)), 0
}
