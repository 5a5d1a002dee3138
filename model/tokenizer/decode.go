package tokenizer

import "strings"

// Decode returns the text of ids: of a row, what stands between start and end. Words are in lower case and have a
// space between them. It is not what was encoded, to the letter: spaces are where words were split, not where they
// were written.
func (t *Tokenizer) Decode(ids []int32) string {
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
