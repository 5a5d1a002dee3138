package tokenizer_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pairstream/pairstream/model/tokenizer"
)

func TestAppend(t *testing.T) {
	for _, c := range []struct {
		flavour tokenizer.Flavour
		text    string
		want    []int32
	}{
		{tokenizer.OpenAI, "", nil},
		{tokenizer.OpenAI, " \t\n\u00a0\u3000", nil},
		{tokenizer.OpenAI, "a photo of a cat", []int32{320, 1125, 539, 320, 2368}},
		{tokenizer.OpenAI, "A PHOTO, of\na   cat", []int32{320, 1125, 267, 539, 320, 2368}},
		{tokenizer.OpenAI, "Tom &amp; Jerry's 3 cats", []int32{2435, 261, 9164, 568, 274, 3989}},
		{tokenizer.OpenAI, "it’s “ok” ﬁne １２", []int32{585, 568, 257, 2481, 257, 3797, 272, 273}},
		{tokenizer.OpenAI, "İSTANBUL ΟΔΟΣ", []int32{328, 16384, 11231, 138, 123, 138, 112, 138, 123, 139, 480}},
		{tokenizer.OpenAI, "😀", []int32{7334}},
		{tokenizer.OpenAI, "<|endoftext|>", []int32{tokenizer.End}},
		{tokenizer.OpenAI, "!<|endoftext|>", []int32{0, 27, 347, 40786, 4160, 91, 285}},
		{tokenizer.OpenCLIP, "<end_of_text>", []int32{tokenizer.End}},
		{tokenizer.OpenCLIP, "<|endoftext|>", []int32{27, 347, 40786, 4160, 91, 285}},
		{tokenizer.HuggingFace, "!<|endoftext|>", []int32{256, tokenizer.End}},
		{tokenizer.HuggingFace, "Tom &amp; Jerry's", []int32{2435, 261, 6259, 282, 9164, 568}},
	} {
		got := tokenizer.Default().As(c.flavour).Append([]int32{7}, c.text)
		if got[0] != 7 || !slices.Equal(got[1:], c.want) {
			t.Errorf("%v: %q: got %v, want 7 and %v", c.flavour, c.text, got, c.want)
		}
	}
}

func TestEncode(t *testing.T) {
	const s, e = tokenizer.Start, tokenizer.End
	for _, c := range []struct {
		text string
		want []int32
	}{
		{"a cat", []int32{}},
		{"a cat", []int32{e}},
		{"a cat", []int32{s, e}},
		{"a cat", []int32{s, 320, e}},
		{"a cat", []int32{s, 320, 2368, e}},
		{"a cat", []int32{s, 320, 2368, e, 0, 0}},
		{"", []int32{s, e, 0}},
		{"zzyzx", []int32{s, 21275, e}}, // cut within a word
	} {
		row := slices.Repeat([]int32{-1}, len(c.want)+1)
		tokenizer.Default().Encode(row[:len(c.want):len(c.want)], c.text)
		if !slices.Equal(row[:len(c.want)], c.want) || row[len(c.want)] != -1 {
			t.Errorf("%q: got %v, want %v and -1", c.text, row, c.want)
		}
	}
}

// Rows hold what Append gives, whatever the flavour and the text.
func TestEncodeAgreesWithAppend(t *testing.T) {
	row := make([]int32, 77)
	for _, g := range golden(t) {
		for flavour := tokenizer.OpenAI; flavour <= tokenizer.HuggingFace; flavour++ {
			tok := tokenizer.Default().As(flavour)
			ids := tok.Append(nil, g.Text)
			want := append([]int32{tokenizer.Start}, ids[:min(len(ids), 75)]...)
			want = append(want, tokenizer.End)
			want = append(want, make([]int32, 77-len(want))...)
			if tok.Encode(row, g.Text); !slices.Equal(row, want) {
				t.Errorf("%v: %q:\n got %v\nwant %v", flavour, g.Text, row, want)
			}
		}
	}
}

func TestDecode(t *testing.T) {
	tok := tokenizer.Default()
	row := make([]int32, 77)
	tok.Encode(row, "Tom &amp; Jerry’s 3 KÄTZCHEN 😀")
	if got, want := tok.Decode(row), "tom & jerry 's 3 kätzchen 😀"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := tok.Decode([]int32{320, -1, tokenizer.VocabSize, 172}), "a \ufffd\ufffd\ufffd"; got != want {
		t.Errorf("ids of no text: got %q, want %q", got, want)
	}
}

func TestMaxText(t *testing.T) {
	tok := tokenizer.Default()
	long := strings.Repeat(" ", tokenizer.MaxText-1)
	for text, want := range map[string][]int32{
		long + "a":       {320},
		long + "ab":      {320}, // b is beyond
		long + "é":       nil,   // half of é is
		long[1:] + "é b": {4166},
	} {
		if got := tok.Append(nil, text); !slices.Equal(got, want) {
			t.Errorf("a text of %d bytes: got %v, want %v", len(text), got, want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	const want = "e3e5dd86fd80545a"
	seen := map[string]tokenizer.Flavour{}
	for flavour := tokenizer.OpenAI; flavour <= tokenizer.HuggingFace; flavour++ {
		f := tokenizer.Default().As(flavour).Fingerprint()
		if other, twice := seen[f]; twice {
			t.Errorf("%v and %v have the same fingerprint", flavour, other)
		}
		seen[f] = flavour
	}
	// It is in files that people keep: it changes when ids do, and only then.
	if got := tokenizer.Default().Fingerprint(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNoAllocations(t *testing.T) {
	tok := tokenizer.Default()
	row := make([]int32, 77)
	ids := make([]int32, 0, 1000)
	texts := []string{"A photo of a cat, isn't it? <|endoftext|> " + strings.Repeat("qxzj", 24)}
	for _, g := range golden(t) {
		if g.Category == "caption" && isPlain(g.Text) {
			texts = append(texts, g.Text)
		}
	}
	for _, flavour := range []tokenizer.Flavour{tokenizer.OpenAI, tokenizer.OpenCLIP, tokenizer.HuggingFace} {
		tok := tok.As(flavour)
		if n := testing.AllocsPerRun(1, func() {
			for _, text := range texts {
				tok.Encode(row, text)
				ids = tok.Append(ids[:0], text)
			}
		}); n != 0 {
			t.Errorf("%v: %v allocations for %d texts", flavour, n, len(texts))
		}
	}
}

// isPlain reports whether a text is ASCII without references.
func isPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > '~' || r == '&' })
}

func TestConcurrentUse(t *testing.T) {
	rows := golden(t)
	tok := tokenizer.Default()
	want := make([][]int32, len(rows))
	for i, row := range rows {
		want[i] = tok.Append(nil, row.Text)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, row := range rows {
				if got := tok.Append(nil, row.Text); !slices.Equal(got, want[i]) {
					t.Errorf("%q: got %v, want %v", row.Text, got, want[i])
				}
			}
		})
	}
	wg.Wait()
}
