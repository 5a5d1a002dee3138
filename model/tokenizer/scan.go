package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// scan appends the ids of cleaned text to dst until it holds limit of them. ASCII's letters may be capitals still.
//
// At each position it takes the first of these that is there, as the original's regular expression does: a special
// token; a contraction; a run of letters; a single digit or other number; a run of what is neither of these nor
// space. Special tokens and contractions are therefore only found where a word begins: "!'s" is "!'" and "s".
func (t *bytePairs) scan(dst []int32, text string, limit int) []int32 {
	for i := 0; i < len(text) && len(dst) < limit; {
		start := i
		switch text[i] {
		case ' ':
			i++
			continue
		case '<':
			if n, id := t.special(text[i:]); n > 0 {
				i += n
				switch {
				case id != noSpecial:
					dst = append(dst, id)
				case t.flavour == HuggingFace: // splits once more, without special tokens
					dst = t.word(dst, text[start:start+2], limit)
					dst = t.scan(dst, text[start+2:i], limit)
				default:
					dst = t.word(dst, text[start:i], limit)
				}
				continue
			}
		case '\'':
			if n := t.contraction(text[i:]); n > 0 {
				i += n
				dst = t.word(dst, text[start:i], limit)
				continue
			}
		}
		class, n := t.classify(text[i:])
		i += n
		if class == space {
			continue
		}
		for class != number && i < len(text) {
			next, n := t.classify(text[i:])
			if next != class {
				break
			}
			i += n
		}
		dst = t.word(dst, text[start:i], limit)
	}
	return dst
}

type class uint8

const (
	other class = iota
	letter
	number
	space
)

// ascii holds the classes of ASCII.
var ascii = func() (table [utf8.RuneSelf]class) {
	for c := range table {
		table[c] = classOf(rune(c))
	}
	return table
}()

// classify returns the class and the length of the text's first character.
func (t *bytePairs) classify(text string) (class, int) {
	if c := text[0]; c < utf8.RuneSelf {
		return ascii[c], 1
	}
	r, n := utf8.DecodeRuneInString(text)
	if r == ypogegrammeni && t.flavour != HuggingFace {
		return space, n
	}
	return classOf(r), n
}

// ypogegrammeni matches no part of the original's expression: it is neither letter nor number, but where case is
// ignored, [^\s\p{L}\p{N}] leaves it out for the letter ι that it is the mark of.
const ypogegrammeni = '\u0345'

func classOf(r rune) class {
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.IsNumber(r):
		return number
	case unicode.Is(unicode.White_Space, r):
		return space
	}
	return other
}

// special returns the length of the special token that text begins with, 0 for none, and its id: noSpecial where it
// is spelled with a long s, which the original takes for one word but does not find among the special ones, and for
// HuggingFace, which has taken out those that count.
func (t *bytePairs) special(text string) (n int, id int32) {
	for i, spelling := range specials[t.flavour] {
		n := t.prefix(text, spelling)
		if n == len(spelling) && t.flavour != HuggingFace {
			return n, Start + int32(i)
		}
		if n > 0 {
			return n, noSpecial
		}
	}
	return 0, noSpecial
}

// contraction returns the length of the contraction that text begins with, 0 for none.
func (t *bytePairs) contraction(text string) int {
	for _, c := range [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if n := t.prefix(text, c); n > 0 {
			return n
		}
	}
	return 0
}

// prefix returns the length of lower-case ASCII as it stands at the beginning of text, 0 where it does not. The
// original ignores case even though its text is in lower case, and so takes a long s, ſ, for s.
func (t *bytePairs) prefix(text, low string) int {
	i := 0
	for k := range len(low) {
		switch {
		case i == len(text):
			return 0
		case lowerASCII(text[i]) == low[k]:
			i++
		case low[k] == 's' && strings.HasPrefix(text[i:], longS) && t.flavour != HuggingFace:
			i += len(longS)
		default:
			return 0
		}
	}
	return i
}

const longS = "\u017f"

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
