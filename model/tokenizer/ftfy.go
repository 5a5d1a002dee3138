package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxPasses bounds how often a line is repaired. Each pass resolves one level of entities within entities.
const maxPasses = 32

// repair does to valid text what ftfy.fix_text does by default, but for its repair of wrong decoding: line by line,
// until a line stays as it is.
func repair(text string) string {
	var out strings.Builder
	entities := true
	for line := range strings.Lines(text) {
		// A line with a tag is taken for HTML, of which entities are part. So are all lines after it.
		entities = entities && !strings.Contains(line, "<")
		for range maxPasses {
			was := line
			if entities {
				line = replaceEntities(line, matchStrict)
			}
			line = nfc(dropControls(simplify(line)))
			if line == was {
				break
			}
		}
		out.WriteString(line)
	}
	return out.String()
}

// matchStrict matches the references that ftfy resolves: those with a semicolon, and some names in capitals.
func matchStrict(text string) (n int, by string) {
	n = 1
	if strings.HasPrefix(text, "&#") {
		n++
	}
	digits := n
	for n < len(text) && n-digits < 24 && isAlphanumeric(text[n]) {
		n++
	}
	if n == digits || n == len(text) || text[n] != ';' {
		return 0, ""
	}
	n++
	if digits == 2 {
		size, by := matchNumber(text)
		if size < n || by == ";" {
			return 0, ""
		}
		return n, by
	}
	if by, found := named(text[:n]); found {
		return n, by
	}
	// &NTILDE; is taken for Ñ, unless HTML gives it a meaning.
	name := text[:n]
	if name != strings.ToUpper(name) || resolve(name) != name {
		return 0, ""
	}
	by, found := named(strings.ToLower(name))
	if !found {
		return 0, ""
	}
	return n, strings.ReplaceAll(strings.ToUpper(by), "ß", "SS")
}

func isAlphanumeric(c byte) bool {
	return isDecimal(c) || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// named returns the characters of &name;. Where the name begins with another, of those that need no semicolon, package
// html resolves that and leaves the semicolon.
func named(reference string) (by string, found bool) {
	by = resolve(reference)
	return by, by == ";" || !strings.HasSuffix(by, ";")
}

// simplify writes characters for others that are seldom meant: bytes of Windows-1252, ligatures, characters of
// another width, curly quotes, other line breaks.
func simplify(text string) string {
	var out []byte // nil as long as nothing is replaced
	for i, r := range text {
		by, replaced := simpler(r)
		switch {
		case replaced && out == nil:
			out = append(make([]byte, 0, len(text)+8), text[:i]...)
			fallthrough
		case replaced:
			out = append(out, by...)
		case out != nil:
			out = utf8.AppendRune(out, r)
		}
	}
	if out == nil {
		return text
	}
	return string(out)
}

// simpler returns what simplify writes for a character.
func simpler(r rune) (by string, replaced bool) {
	if 0x80 <= r && r <= 0x9f {
		meant := windows1252[r-0x80]
		if meant == r {
			return "", false
		}
		if by, replaced = simpler(meant); !replaced {
			by = string(meant)
		}
		return by, true
	}
	switch {
	case r == '\r', r == '\u2028', r == '\u2029':
		return "\n", true
	case r < 0x80:
		return "", false
	case r == '\u02bc', '\u2018' <= r && r <= '\u201b':
		return "'", true
	case '\u201c' <= r && r <= '\u201f':
		return `"`, true
	case r == '\u3000':
		return " ", true
	case '\uff01' <= r && r <= '\uffef':
		by = norm.NFKC.String(string(r))
		return by, by != string(r)
	}
	by, replaced = ligatures[r]
	return by, replaced
}

var ligatures = map[rune]string{
	'Ĳ': "IJ", 'ĳ': "ij", 'ŉ': "'n", // ʼn, of which the quote is simplified in turn
	'Ǆ': "DŽ", 'ǅ': "Dž", 'ǆ': "dž", 'Ǉ': "LJ", 'ǈ': "Lj", 'ǉ': "lj", 'Ǌ': "NJ", 'ǋ': "Nj", 'ǌ': "nj",
	'Ǳ': "DZ", 'ǲ': "Dz", 'ǳ': "dz",
	'ﬀ': "ff", 'ﬁ': "fi", 'ﬂ': "fl", 'ﬃ': "ffi", 'ﬄ': "ffl", 'ﬅ': "ſt", 'ﬆ': "st",
}

// dropControls drops terminal escapes, which colour text, and characters that control something else.
func dropControls(text string) string {
	if strings.IndexFunc(text, isControl) < 0 {
		return text
	}
	out := make([]byte, 0, len(text))
	for text != "" {
		r, n := utf8.DecodeRuneInString(text)
		if escape := escapeLength(text); escape > 0 {
			n = escape
		} else if !isControl(r) {
			out = utf8.AppendRune(out, r)
		}
		text = text[n:]
	}
	return string(out)
}

// isControl is true of the control characters of ASCII that are not space, of deprecated Arabic controls, of the byte
// order mark, and of annotations.
func isControl(r rune) bool {
	switch {
	case r < ' ':
		return r != '\t' && r != '\n' && r != '\f' && r != '\r'
	case r == 0x7f, r == '\ufeff', '\u206a' <= r && r <= '\u206f', '\ufff9' <= r && r <= '\ufffc':
		return true
	}
	return false
}

// escapeLength returns the length of the terminal escape that text begins with, such as "\x1b[31;1m", 0 for none.
// Digits are those of any script, as Python's are.
func escapeLength(text string) int {
	parameters, found := strings.CutPrefix(text, "\x1b[")
	if !found {
		return 0
	}
	for i, r := range parameters {
		if r != ';' && !unicode.IsDigit(r) {
			if 'a' <= r|0x20 && r|0x20 <= 'z' {
				return len("\x1b[") + i + 1
			}
			break
		}
	}
	return 0
}
