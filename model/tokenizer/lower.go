package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// lower returns valid text in lower case: with finalSigma, as Python does it; without, as Rust does, character by
// character. Both lower İ to two characters, which strings.ToLower does not.
func lower(text string, finalSigma bool) string {
	var low []byte // nil as long as text is low already
	for i, r := range text {
		l := unicode.ToLower(r)
		if l == r {
			if low != nil {
				low = utf8.AppendRune(low, r)
			}
			continue
		}
		if low == nil {
			low = append(make([]byte, 0, len(text)+8), text[:i]...)
		}
		switch {
		case r == 'İ':
			low = append(low, "i\u0307"...)
		case r == 'Σ' && finalSigma && isFinal(text, i):
			low = append(low, "ς"...)
		default:
			low = utf8.AppendRune(low, l)
		}
	}
	if low == nil {
		return text
	}
	return string(low)
}

// isFinal reports whether the sigma at i ends a word: a letter that has case comes before it and none after, both
// without regard to what is case-ignorable (Unicode 15, table 3-17).
func isFinal(text string, i int) bool {
	before, after := text[:i], text[i+len("Σ"):]
	for {
		r, n := utf8.DecodeLastRuneInString(before)
		if n == 0 {
			return false
		}
		if !isCaseIgnorable(r) {
			if !isCased(r) {
				return false
			}
			break
		}
		before = before[:len(before)-n]
	}
	for _, r := range after {
		if !isCaseIgnorable(r) {
			return !isCased(r)
		}
	}
	return true
}

func isCased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// isCaseIgnorable is true of marks and the like, and of the punctuation that stands within words: Word_Break of
// MidLetter, MidNumLet or Single_Quote.
func isCaseIgnorable(r rune) bool {
	switch r {
	case '\'', '.', ':', '·', '\u0387', '\u055f', '\u05f4', '\u2018', '\u2019', '\u2024', '\u2027',
		'\ufe13', '\ufe52', '\ufe55', '\uff07', '\uff0e', '\uff1a':
		return true
	}
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}
