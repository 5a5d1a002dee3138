package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// clean does what OpenAI and OpenCLIP do with a text before they split it, but for white space, of which any amount
// is the same to scan.
func clean(text string) string {
	text = repair(valid(text))
	text = unescape(unescape(text))
	return lower(text, true)
}

// isPlain reports whether clean would leave a text as it is, but for capitals.
func isPlain(text string) bool {
	for i := range len(text) {
		if !plain[text[i]] {
			return false
		}
	}
	return true
}

// plain holds the printable characters and the white space of ASCII, without that which begins an entity.
var plain = func() (table [256]bool) {
	for c := ' '; c <= '~'; c++ {
		table[c] = c != '&'
	}
	for _, c := range "\t\n\f\r" {
		table[c] = true
	}
	return table
}()

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}

// valid replaces each maximal part of text that is not UTF-8 by U+FFFD. Go itself would replace each byte, or each
// run of them.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	fixed := make([]byte, 0, len(text)+len(text)/2)
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 {
			n = subpart(text)
		}
		fixed = utf8.AppendRune(fixed, r)
		text = text[n:]
	}
	return string(fixed)
}

// subpart returns the length of the maximal subpart that text, which is not UTF-8, begins with: of the bytes that
// some character begins with, at least one (Unicode 15, section 3.9).
func subpart(text string) int {
	n := 1
	for n < len(text) && !utf8.FullRuneInString(text[:n+1]) {
		n++
	}
	return n
}
