package tokenizer_test

import (
	"strings"
	"testing"

	"github.com/pairstream/pairstream/model/tokenizer"
)

// captions are English ones of eleven words: the first of two golden ones.
func captions(t testing.TB) (list []string) {
	var last string
	for _, g := range golden(t) {
		if g.Category != "caption" || !isPlain(g.Text) {
			continue
		}
		if words := strings.Fields(last + ", " + g.Text); last != "" && len(words) >= 11 {
			list = append(list, strings.Join(words[:11], " "))
		}
		last = g.Text
	}
	return list
}

// BenchmarkEncode encodes one caption at a time.
func BenchmarkEncode(b *testing.B) {
	list := captions(b)
	tok := tokenizer.Default()
	row := make([]int32, 77)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tok.Encode(row, list[i%len(list)])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "captions/s")
}

// BenchmarkEncodeCleaned has one character that is not ASCII in each caption.
func BenchmarkEncodeCleaned(b *testing.B) {
	list := captions(b)
	for i := range list {
		list[i] += "’s"
	}
	tok := tokenizer.Default()
	row := make([]int32, 77)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tok.Encode(row, list[i%len(list)])
	}
}
