package tokenizer

import (
	"slices"
	"testing"
	"unicode/utf8"
)

// FuzzAppend checks what must hold of any text.
func FuzzAppend(f *testing.F) {
	for _, text := range []string{
		"A photo of a cat, isn't it?", "&amp;amp;lt; &#x26; &NTILDE;\n<b>", "it’s “ok” ﬁne １２", "İSTANBUL ΟΔΟΣ",
		"\x1b[31mred\x1b[0m", "caf\xe9 \xf0\x9f\x98", "e\u0301\u0316\u0345", "<|endoftext|> <END_OF_TEXT> <|ſtartoftext|>",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		row := make([]int32, 12)
		for flavour := OpenAI; flavour <= HuggingFace; flavour++ {
			tok := Default().As(flavour)
			ids := tok.Append(nil, text)
			for _, id := range ids {
				if id < 0 || id >= VocabSize {
					t.Fatalf("%v: id %d", flavour, id)
				}
			}
			tok.Encode(row, text)
			kept := min(len(ids), len(row)-2)
			if row[0] != Start || !slices.Equal(row[1:1+kept], ids[:kept]) || row[1+kept] != End {
				t.Errorf("%v: row %v, want ids %v", flavour, row, ids)
			}
			if decoded := tok.Decode(ids); !utf8.ValidString(decoded) {
				t.Errorf("%v: decoded to %q", flavour, decoded)
			}
		}
		clean := lower(repair(valid(text)), true)
		if !utf8.ValidString(clean) {
			t.Errorf("cleaned to %q", clean)
		}
		if isPlain(text) && !slices.Equal(Default().Append(nil, text), Default().scheme.(*bytePairs).scan(nil, clean, 1<<20)) {
			t.Errorf("plain, but cleaning changes the ids")
		}
	})
}
