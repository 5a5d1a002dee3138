package tokenizer

import "container/heap"

// mergeLong is merge for words of any length, in n log n steps: the ids are a list, and a heap holds its neighbours
// that have a merge.
func (v *vocabulary) mergeLong(dst []int32, word string, limit int) []int32 {
	list := make([]link, len(word))
	for i := range list {
		list[i] = link{byteIDs[lowerASCII(word[i])], int32(i) - 1, int32(i) + 1}
	}
	last := len(list) - 1
	list[last].id += wordEnd
	list[last].next = none

	var queue candidates
	offer := func(i int32) {
		if i == none || list[i].next == none {
			return
		}
		if id := v.pairs.find(list[i].id, list[list[i].next].id); id != noMerge {
			heap.Push(&queue, candidate(id)<<32|candidate(i))
		}
	}
	for i := range list {
		offer(int32(i))
	}
	for len(queue) > 0 {
		c := heap.Pop(&queue).(candidate)
		id, i := int32(c>>32), int32(c&(1<<32-1))
		// A candidate is out of date where one of its ids has been merged with another neighbour since.
		if list[i].id == gone || list[i].next == none || v.pairs.find(list[i].id, list[list[i].next].id) != id {
			continue
		}
		right := &list[list[i].next]
		list[i].id, list[i].next, right.id = id, right.next, gone
		if right.next != none {
			list[right.next].prev = i
		}
		offer(list[i].prev)
		offer(i)
	}
	for i := int32(0); i != none && len(dst) < limit; i = list[i].next {
		dst = append(dst, list[i].id)
	}
	return dst
}

// link is an id of the list, which begins at index 0.
type link struct{ id, prev, next int32 }

const (
	none = -1 // the index of no link
	gone = -1 // the id of a link that is no longer in the list
)

// A candidate is what a merge makes, above, and the index of its left neighbour, below: the smallest is the earliest
// merge, leftmost.
type candidate uint64

type candidates []candidate

func (c candidates) Len() int           { return len(c) }
func (c candidates) Less(i, k int) bool { return c[i] < c[k] }
func (c candidates) Swap(i, k int)      { c[i], c[k] = c[k], c[i] }
func (c *candidates) Push(x any)        { *c = append(*c, x.(candidate)) }

func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
