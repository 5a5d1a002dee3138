package tokenizer

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// mergePairs is byte-pair encoding as the original has it: replace all occurrences of the earliest pair, again and
// again.
func mergePairs(v *vocabulary, word string) []int32 {
	var ids []int32
	for i := range len(word) {
		ids = append(ids, byteIDs[word[i]])
	}
	ids[len(ids)-1] += wordEnd
	for {
		best, made := [2]int32{}, int32(noMerge)
		for i := range len(ids) - 1 {
			if id := v.pairs.find(ids[i], ids[i+1]); id < made {
				best, made = [2]int32{ids[i], ids[i+1]}, id
			}
		}
		if made == noMerge {
			return ids
		}
		var next []int32
		for i := 0; i < len(ids); i++ {
			if i+1 < len(ids) && ids[i] == best[0] && ids[i+1] == best[1] {
				next = append(next, made)
				i++
			} else {
				next = append(next, ids[i])
			}
		}
		ids = next
	}
}

func TestMerge(t *testing.T) {
	v := embedded()
	rng := rand.New(rand.NewPCG(1, 2))
	alphabets := []string{"a", "ah", "lo", "!.", "abcdefghijklmnopqrstuvwxyz", "etaoinshr", "\xf0\x9f\x98\x82\x8d"}
	for n := range 4000 {
		letters := alphabets[n%len(alphabets)]
		word := make([]byte, 1+rng.IntN(shortWord))
		for i := range word {
			word[i] = letters[rng.IntN(len(letters))]
		}
		want := mergePairs(v, string(word))
		if got := v.merge(nil, word, math.MaxInt); !slices.Equal(got, want) {
			t.Fatalf("merge %q: got %v, want %v", word, got, want)
		}
		if got := v.mergeLong(nil, string(word), math.MaxInt); !slices.Equal(got, want) {
			t.Fatalf("mergeLong %q: got %v, want %v", word, got, want)
		}
		limit := rng.IntN(len(want)) + 1
		if got := v.merge(nil, word, limit); !slices.Equal(got, want[:limit]) {
			t.Fatalf("merge %q to %d: got %v, want %v", word, limit, got, want[:limit])
		}
		if got := v.mergeLong(nil, string(word), limit); !slices.Equal(got, want[:limit]) {
			t.Fatalf("mergeLong %q to %d: got %v, want %v", word, limit, got, want[:limit])
		}
	}
}

// BenchmarkLongestWord encodes the most costly text that there is: a word of MaxText bytes.
func BenchmarkLongestWord(b *testing.B) {
	word := strings.Repeat("thequickbrownfox", MaxText/16)
	row := make([]int32, 77)
	for b.Loop() {
		Default().Encode(row, word)
	}
}
