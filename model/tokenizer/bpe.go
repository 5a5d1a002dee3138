package tokenizer

import "math"

// shortWord is the length, in bytes, up to which words are put together without allocation.
const shortWord = 96

// word appends the ids of a word to dst until it holds limit of them.
func (t *bytePairs) word(dst []int32, word string, limit int) []int32 {
	if len(word) > shortWord {
		return t.vocabulary.mergeLong(dst, word, limit)
	}
	var buffer [shortWord]byte
	low := buffer[:len(word)]
	for i := range low {
		low[i] = lowerASCII(word[i])
	}
	if id, whole := t.vocabulary.words[string(low)]; whole {
		return append(dst, id)
	}
	return t.vocabulary.merge(dst, low, limit)
}

// merge does byte-pair encoding (Sennrich et al., 2016): it begins with the ids of the word's bytes, and as long as two neighbours have a
// merge, replaces them by what the earliest merge of all makes; of equal ones, the leftmost.
//
// The original replaces all occurrences of a pair at once, which is the same, because ids are given in the order of
// merges: what a merge makes can only be part of later ones.
func (v *vocabulary) merge(dst []int32, word []byte, limit int) []int32 {
	var idBuffer, mergedBuffer [shortWord]int32
	ids, merged := idBuffer[:len(word)], mergedBuffer[:len(word)] // merged[i] is what ids i and i+1 make
	for i, c := range word {
		ids[i] = byteIDs[c]
	}
	ids[len(ids)-1] += wordEnd
	for i := range len(ids) - 1 {
		merged[i] = v.pairs.find(ids[i], ids[i+1])
	}
	merged[len(ids)-1] = noMerge
	for {
		first := 0
		for i, id := range merged {
			if id < merged[first] {
				first = i
			}
		}
		if merged[first] == noMerge {
			break
		}
		ids[first] = merged[first]
		copy(ids[first+1:], ids[first+2:])
		copy(merged[first:], merged[first+1:])
		ids, merged = ids[:len(ids)-1], merged[:len(ids)-1]
		merged[len(ids)-1] = noMerge
		if first > 0 {
			merged[first-1] = v.pairs.find(ids[first-1], ids[first])
		}
		if first < len(ids)-1 {
			merged[first] = v.pairs.find(ids[first], ids[first+1])
		}
	}
	return append(dst, ids[:min(len(ids), limit-len(dst))]...)
}

// A pairTable finds what two neighbouring ids make: a hash table with linear probing, less than half full.
type pairTable []pairSlot

type pairSlot struct{ pair, made uint32 } // made is 0 in a free slot

const (
	pairBits = 17
	noMerge  = math.MaxInt32
)

func (p pairTable) add(a, b, made int32) {
	pair := uint32(a)<<16 | uint32(b)
	i := pairHash(pair)
	for p[i].made != 0 {
		i = (i + 1) % (1 << pairBits)
	}
	p[i] = pairSlot{pair, uint32(made)}
}

// find returns what a and b make, noMerge for nothing.
func (p pairTable) find(a, b int32) int32 {
	pair := uint32(a)<<16 | uint32(b)
	for i := pairHash(pair); p[i].made != 0; i = (i + 1) % (1 << pairBits) {
		if p[i].pair == pair {
			return int32(p[i].made)
		}
	}
	return noMerge
}

// pairHash is Fibonacci hashing: the product's high bits depend on all of the pair's.
func pairHash(pair uint32) uint32 { return pair * 2654435769 >> (32 - pairBits) }
