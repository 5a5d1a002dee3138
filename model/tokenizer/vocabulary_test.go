package tokenizer

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func embeddedText(t testing.TB) string {
	t.Helper()
	text, err := readAll(bytes.NewReader(embeddedMerges), maxMerges)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The merges are those of bpe_simple_vocab_16e6.txt, lines 2 to 48,895.
func TestEmbeddedMerges(t *testing.T) {
	sum := sha256.Sum256([]byte(embeddedText(t)))
	const want = "d308b7377a8ceaa9707a21614fe8c831b9196e197b7aeb69833359362907af02"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("sha256 is %s, want %s", got, want)
	}
}

// Every symbol that ends a word is what byte-pair encoding makes of its bytes, so that all are found by one look-up.
func TestWords(t *testing.T) {
	v := embedded()
	if got, want := len(v.words), 34483; got != want {
		t.Errorf("%d words, want %d", got, want)
	}
	if got, want := len(v.texts), Start; got != want {
		t.Errorf("%d symbols, want %d", got, want)
	}
}

func TestRead(t *testing.T) {
	merges := embeddedText(t)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte("\"bpe_simple_vocab_16e6.txt#version: 0.2\n" + merges + "jeky ll\nnot used")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"merges alone":     merges,
		"without last end": strings.TrimSuffix(merges, "\n"),
		"Hugging Face":     "#version: 0.2\n" + merges,
		"Windows":          "#version: 0.2\r\n" + strings.ReplaceAll(merges, "\n", "\r\n"),
		"original":         zipped.String(),
	} {
		tok, err := Read(strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got, want := tok.Fingerprint(), Default().Fingerprint(); got != want {
			t.Errorf("%s: fingerprint %s, want %s", name, got, want)
		}
	}
}

func TestReadErrors(t *testing.T) {
	zipped := string(embeddedMerges)
	for text, want := range map[string]string{
		"":                               "ends after 0 merges: CLIP has 48894",
		"#version: 0.2\ni n\nt h\n":      "ends after 2 merges: CLIP has 48894",
		"i n\n\nt h":                     `line 2: "": want two symbols and a space between them`,
		"i n\nin":                        `line 2: "in": want two symbols and a space between them`,
		"i n\nt h e":                     `line 2: "t h e": want two symbols and a space between them`,
		"i n\n th":                       `line 2: " th": want two symbols and a space between them`,
		"i n\nth e":                      `line 2: "th" is no symbol to begin a merge with`,
		"i n\nt he":                      `line 2: "he" is no symbol to end a merge with`,
		"i n\nt</w> h":                   `line 2: "t</w>" is no symbol to begin a merge with`,
		"i n\nx in\nxi n":                `line 3: "xi" is no symbol to begin a merge with`,
		"i n\nx i\nxi n\nx in":           `line 4: "xin" is made twice: it is id 514 already`,
		"i n\n\x00\x1b[2J h":             `line 2: "\x00\x1b[2J" is no symbol to begin a merge with`,
		zipped[:5000]:                    "compressed text is cut off: unexpected EOF",
		zipped[:2] + "x":                 "unexpected EOF",
		strings.Repeat("x", maxMerges+1): "more than 16777216 bytes",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%.20q: error %v, want %s", text, err, want)
		}
	}
}

// FuzzRead reads files of two merges.
func FuzzRead(f *testing.F) {
	f.Add([]byte("i n\nt h\n"), "in the thin")
	f.Add([]byte("#version: 0.2\na a\naa aa</w>"), "aaaa aaa")
	f.Add(embeddedMerges[:100], "")
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		v, err := readVocabulary(bytes.NewReader(file), 2)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("error is not one plain line: %q", err)
			}
			return
		}
		tok := &Tokenizer{&bytePairs{vocabulary: v}}
		for _, id := range tok.Append(nil, text) {
			if id < 0 || id >= firstMerge+2 && id != Start && id != End {
				t.Errorf("%q: id %d", text, id)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(embeddedMerges)); err != nil {
			b.Fatal(err)
		}
	}
}
