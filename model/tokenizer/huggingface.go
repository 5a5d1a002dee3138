package tokenizer

import "strings"

// appendPieces is append for HuggingFace, which takes the special tokens out of the raw text before anything else.
func (t *bytePairs) appendPieces(dst []int32, text string, limit int) []int32 {
	for text != "" && len(dst) < limit {
		piece, id, rest := cutSpecial(text)
		if !isASCII(piece) {
			piece = lower(nfc(valid(piece)), false)
		}
		dst = t.scan(dst, piece, limit)
		if id != noSpecial && len(dst) < limit {
			dst = append(dst, id)
		}
		text = rest
	}
	return dst
}

const noSpecial = -1

// cutSpecial cuts text around its first special token.
func cutSpecial(text string) (before string, id int32, after string) {
	const begin = "<|"
	for i := 0; ; i += len(begin) {
		next := strings.Index(text[i:], begin)
		if next < 0 {
			return text, noSpecial, ""
		}
		i += next
		for k, special := range specials[HuggingFace] {
			if rest, found := strings.CutPrefix(text[i:], special); found {
				return text[:i], Start + int32(k), rest
			}
		}
	}
}
