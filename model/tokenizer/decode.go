package tokenizer

import "strings"

// decode writes words with a space between them.
func (t *bytePairs) decode(ids []int32) string {
	var text strings.Builder
	gap := false
	for _, id := range ids {
		switch {
		case id == End:
			return valid(text.String())
		case id == Start:
			continue
		case gap:
			text.WriteByte(' ')
			gap = false
		}
		if id < 0 || int(id) >= len(t.vocabulary.texts) {
			text.WriteRune('\ufffd')
			continue
		}
		text.WriteString(t.vocabulary.texts[id])
		gap = t.vocabulary.ends[id]
	}
	return valid(text.String())
}
