package tokenizer

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// What is right here was found with Python's bytes.decode(errors="replace").
func TestValid(t *testing.T) {
	for text, want := range map[string]string{
		"caf\xe9":              "caf�",
		"\xe2\x82":             "�",
		"\xe2\x82x\xac":        "�x�",
		"\xf0\x9f\x98":         "�",
		"\xf0\x9f\x98\xf0\x9f": "��",
		"\xed\xa0\x80":         "���", // a surrogate
		"\xc0\x80":             "��",
		"\xf4\x90\x80\x80":     "����",
		"\xe0\x9f\x80":         "���",
		"é😀":                   "é😀",
	} {
		if got := valid(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// What is right here was found with ftfy.fix_text.
func TestRepair(t *testing.T) {
	for text, want := range map[string]string{
		"&amp;amp;lt;":                   "<",
		"<b>&amp;</b>\n&amp;":            "<b>&amp;</b>\n&amp;",
		"&amp;\n<b>\n&amp;":              "&\n<b>\n&amp;",
		"&NTILDE;&SZLIG;&nTILDE;":        "ÑSS&nTILDE;",
		"&#59;&#58;&amp":                 "&#59;:&amp",
		"\u0091a\u0092\u0085\u0081":      "'a'…\u0081",
		"\ufb05\u0149\u01c4":             "ſt'nDŽ",
		"ＦＵＬＬ\u3000ｶﾞ":                   "FULL ガ",
		"\x1b[31;1mred\x1b[0m\x1b[m\x00": "red",
		"a\r\nb\u2028c":                  "a\n\nb\nc",
		"\ufeffa\ufffcb":                 "ab",
	} {
		if got := repair(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got, want := repair("&"+strings.Repeat("amp;", 40)), "&"+strings.Repeat("amp;", 40-maxPasses); got != want {
		t.Errorf("deep nesting: got %q, want %q", got, want)
	}
}

// What is right here was found with Python's html.unescape.
func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		"&lt;&lt&LT":               "<<<",
		"&notit;&notin;&notin":     "¬it;∉¬in",
		"&nGt;&nLt;":               "≫\u20d2≪\u20d2",
		"&#65;&#x41;&#X41&#65x":    "AAAAx",
		"&#0;&#xd800;&#1114112;":   "���",
		"&#99999999999999999999;":  "�",
		"&#128;&#x81;&#13;":        "€\u0081\r",
		"&#1;&#11;&#127;&#xfdd0;a": "a",
		"&#xfffe;&#x1ffff;&#12;":   "\f",
		"&;&#;&#x;& &&amp;&":       "&;&#;&#x;& &&&",
		"&nosuchname;":             "&nosuchname;",
	} {
		if got := unescape(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// What is right here was found with Python's str.lower.
func TestLower(t *testing.T) {
	for text, want := range map[string]string{
		"ÄÖÜ ẞ":       "äöü ß",
		"İI":          "i\u0307i",
		"ΟΔΟΣ ΣΑΣ":    "οδος σας",
		"Σ":           "σ",
		"ΑΣ'Α ΑΣ' ΑΣ": "ασ'α ας' ας",
		"Α.Σ ʰΣ 1Σ":   "α.ς ʰσ 1σ",
		"low":         "low",
	} {
		if got := lower(text, true); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got, want := lower("ΟΔΟΣ", false), "οδοσ"; got != want {
		t.Errorf("character by character: got %q, want %q", got, want)
	}
}

// Where runs are short, compose and package norm must agree; where they are long, norm would put in U+034F.
func TestNFC(t *testing.T) {
	var marks []rune
	for r := rune(0x300); r < 0x20000; r++ {
		if unicode.In(r, unicode.M) {
			marks = append(marks, r)
		}
	}
	letters := []rune("aeiouAÅßαΩкहक\u1100\u1161\u11a8가각\u212b\u0344\u0958\u0f73")
	rng := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		var text []rune
		for range 1 + rng.IntN(6) {
			text = append(text, letters[rng.IntN(len(letters))])
			for range rng.IntN(6) {
				text = append(text, marks[rng.IntN(len(marks))])
			}
		}
		if got, want := compose(string(text)), norm.NFC.String(string(text)); got != want {
			t.Fatalf("%+q: got %+q, want %+q", string(text), got, want)
		}
	}
	long := strings.Repeat("\u0316", 40)
	if got, want := nfc("e\u0301"+long), "é"+long; got != want {
		t.Errorf("a long run: got %+q, want %+q", got, want)
	}
	if got, want := nfc("e"+long+"\u0301"), "é"+long; got != want {
		t.Errorf("a long run before: got %+q, want %+q", got, want)
	}
}
