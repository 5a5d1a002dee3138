package sources

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestBraces(t *testing.T) {
	for _, test := range []struct{ pattern, want string }{ // as braceexpand 0.1.7 has them
		{"a.tar", "a.tar"},
		{"{a,b}.tar", "a.tar b.tar"},
		{"{0..3}", "0 1 2 3"},
		{"{3..0}", "3 2 1 0"},
		{"{08..11}", "08 09 10 11"},
		{"{8..011}", "008 009 010 011"},
		{"{0..00}", "00"},
		{"x{00..01}y{a,}z", "x00yaz x00yz x01yaz x01yz"},
		{"{a,{1..2},b{c,d}}", "a 1 2 bc bd"},
		{"{a}", "{a}"},
		{"{}", "{}"},
		{"{a}{b,c}", "{a}b {a}c"},
		// Of no use for shards, and so but text: steps, letters, and braces without another.
		{"{0..10..5}", "{0..10..5}"},
		{"{a..c}", "{a..c}"},
		{"{a,b", "{a,b"},
		{"a}b", "a}b"},
	} {
		got, err := braces(test.pattern)
		if err != nil || strings.Join(got, " ") != test.want {
			t.Errorf("%s: %q, %v", test.pattern, got, err)
		}
	}
	if _, err := braces("{0..1023}{0..1024}"); err == nil || err.Error() != `"{0..1023}{0..1024}" stands for more than 1048576 paths` {
		t.Errorf("too many: %v", err)
	}
	if _, err := braces("{0..999999999999999999}"); err == nil {
		t.Error("too many by far: no error")
	}
}

func TestNatural(t *testing.T) {
	want := strings.Fields("1 02 2a 10 10.0 A a a-1 a01 a1 a1b a2 a10 b ä")
	got := slices.Clone(want)
	for range 100 {
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, natural)
		if !slices.Equal(got, want) {
			t.Fatalf("%q, not %q", got, want)
		}
	}
}
