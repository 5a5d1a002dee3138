package tokenizer

import (
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unescape resolves HTML's character references as Python's html.unescape does. A semicolon may be missing where HTML
// allows that: after numbers, and after names of old. Package html has the names, but gives other characters for some
// numbers.
func unescape(text string) string {
	return replaceEntities(text, matchReference)
}

// replaceEntities replaces what match finds. Of text that begins with &, match returns how much it replaces, 0 for
// nothing, and by what.
func replaceEntities(text string, match func(string) (n int, by string)) string {
	if !strings.Contains(text, "&") {
		return text
	}
	var out strings.Builder
	for {
		before, _, found := strings.Cut(text, "&")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		text = text[len(before):]
		n, by := match(text)
		if n == 0 {
			n, by = 1, "&"
		}
		out.WriteString(by)
		text = text[n:]
	}
}

// matchReference matches &#123; or &#x7b; or &name;, each of them with or without the semicolon.
func matchReference(text string) (n int, by string) {
	if n, by = matchNumber(text); n > 0 {
		return n, by
	}
	n = 1
	for count := 0; n < len(text) && count < 32 && strings.IndexByte("\t\n\f <&#;", text[n]) < 0; count++ {
		_, size := utf8.DecodeRuneInString(text[n:])
		n += size
	}
	if n < len(text) && text[n] == ';' {
		n++
	}
	return n, resolve(text[:n])
}

// resolve is html.UnescapeString for one reference by name, with the two that package html leaves out because their
// characters take more bytes than their names.
func resolve(reference string) string {
	switch reference {
	case "&nGt;":
		return "≫\u20d2"
	case "&nLt;":
		return "≪\u20d2"
	}
	return html.UnescapeString(reference)
}

// matchNumber matches &#123; or &#x7b; with or without the semicolon.
func matchNumber(text string) (n int, by string) {
	digits, isNumber := strings.CutPrefix(text, "&#")
	if !isNumber {
		return 0, ""
	}
	base, isDigit := 10, isDecimal
	if digits != "" && (digits[0] == 'x' || digits[0] == 'X') {
		digits, base, isDigit = digits[1:], 16, isHexadecimal
	}
	n = 0
	for n < len(digits) && isDigit(digits[n]) {
		n++
	}
	if n == 0 {
		return 0, ""
	}
	code, err := strconv.ParseUint(digits[:n], base, 32)
	if err != nil {
		code = unicode.MaxRune + 1 // out of range
	}
	n += len(text) - len(digits)
	if n < len(text) && text[n] == ';' {
		n++
	}
	return n, numbered(uint32(code))
}

func isDecimal(c byte) bool     { return '0' <= c && c <= '9' }
func isHexadecimal(c byte) bool { return isDecimal(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// numbered returns what a number refers to in Python: "" for what is no character.
func numbered(code uint32) string {
	switch {
	case code == 0, 0xd800 <= code && code <= 0xdfff, code > unicode.MaxRune:
		return "\ufffd"
	case code == '\r':
		return "\r"
	case code < ' ' && code != '\t' && code != '\n' && code != '\f', code == 0x7f:
		return ""
	case 0x80 <= code && code <= 0x9f:
		return string(windows1252[code-0x80])
	case 0xfdd0 <= code && code <= 0xfdef, code&0xfffe == 0xfffe:
		return ""
	}
	return string(rune(code))
}

// windows1252 holds what 0x80 to 0x9F were meant to be; those that Windows leaves open stand for themselves.
var windows1252 = [32]rune{
	'€', '\u0081', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u008d', 'Ž', '\u008f',
	'\u0090', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u009d', 'ž', 'Ÿ',
}
