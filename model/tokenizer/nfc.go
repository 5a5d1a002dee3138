package tokenizer

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// nfc composes valid text: Unicode's normalization form C.
func nfc(text string) string {
	switch {
	case norm.NFC.IsNormalString(text):
		return text
	case hasLongRun(text):
		return compose(text)
	}
	return norm.NFC.String(text)
}

// maxRun is below the number of marks on a letter beyond which package norm breaks them up by U+034F, which is
// Unicode's Stream-Safe Text Format but not form C.
const maxRun = 28

// hasLongRun reports whether text has a run of marks that package norm would break up.
func hasLongRun(text string) bool {
	run := 0
	for text != "" {
		p := norm.NFD.PropertiesString(text)
		if p.BoundaryBefore() {
			run = 0
		}
		if run += max(1, utf8.RuneCount(p.Decomposition())); run > maxRun {
			return true
		}
		text = text[p.Size():]
	}
	return false
}

// compose is form C as Unicode defines it, for the runs that package norm breaks up: decompose, order the marks,
// then join each with the letter before where there is a character for both and no mark between is in the way.
func compose(text string) string {
	type character struct {
		r      rune
		cclass uint8 // canonical combining class: 0 for letters
	}
	var list []character
	for text != "" {
		p := norm.NFD.PropertiesString(text)
		parts := p.Decomposition()
		if parts == nil {
			parts = []byte(text[:p.Size()])
		}
		for _, r := range string(parts) {
			list = append(list, character{r, norm.NFD.PropertiesString(string(r)).CCC()})
		}
		text = text[p.Size():]
	}
	for i := 0; i < len(list); i++ {
		marks := i
		for i < len(list) && list[i].cclass != 0 {
			i++
		}
		slices.SortStableFunc(list[marks:i], func(a, b character) int { return cmp.Compare(a.cclass, b.cclass) })
	}
	out := list[:0]
	starter := -1 // in out
	for _, c := range list {
		last := len(out) - 1
		if starter >= 0 && (starter == last || out[last].cclass < c.cclass) {
			if both := norm.NFC.String(string(out[starter].r) + string(c.r)); utf8.RuneCountInString(both) == 1 {
				out[starter].r, _ = utf8.DecodeRuneInString(both)
				continue
			}
		}
		out = append(out, c)
		if c.cclass == 0 {
			starter = len(out) - 1
		}
	}
	var composed []rune
	for _, c := range out {
		composed = append(composed, c.r)
	}
	return string(composed)
}
