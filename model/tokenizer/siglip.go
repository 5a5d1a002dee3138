package tokenizer

import (
	"strings"
	"unicode"
)

// sigLIP is the tokenizer of SigLIP: captions lose their capitals and their punctuation, and become pieces. Of flavour
// OpenCLIP it is HFTokenizer of open_clip 3.3.0 with the cleaning that its SigLIPs ask for; of flavour HuggingFace it is
// SiglipTokenizer of transformers 5.24.0.
type sigLIP struct {
	*unigram
	flavour Flavour
}

// append makes ids of all of a text, since any may depend on all that follows, and gives those that are wanted.
func (s *sigLIP) append(dst []int32, text string, limit int) []int32 {
	text = valid(cut(text))
	var ids []int32
	if s.flavour == OpenCLIP {
		text = unescape(unescape(repair(text)))
		ids = s.appendWords(ids, lower(withoutPunctuation(strings.ReplaceAll(text, "_", " ")), true))
	} else {
		ids = s.appendSegments(ids, blank+strings.ReplaceAll(text, blank, " "))
	}
	return append(dst, ids[:min(len(ids), max(0, limit-len(dst)))]...)
}

// appendSegments appends the ids of what stands between </s> and <unk>, which are pieces themselves, with theirs. An end at the
// end is left to the frame.
func (s *sigLIP) appendSegments(dst []int32, text string) []int32 {
	for {
		at, id, n := len(text), int32(noStart), 0
		for special, of := range map[string]int32{"</s>": s.end, unknownText: s.unknown} {
			if i := strings.Index(text, special); i >= 0 && i < at {
				at, id, n = i, of, len(special)
			}
		}
		if at > 0 {
			dst = s.appendSegment(dst, text[:at])
		}
		if id == noStart || id == s.end && strings.TrimFunc(text[at+n:], isPythonSpace) == "" {
			return dst
		}
		dst, text = append(dst, id), strings.TrimLeftFunc(text[at+n:], isPythonSpace)
	}
}

// unknownText is what the package writes in front of each segment, so that a space at its begin stays, and takes away
// again.
const unknownText = "<unk>"

func (s *sigLIP) appendSegment(dst []int32, text string) []int32 {
	text = withoutPunctuation(lower(text, true))
	ids := s.appendText(nil, unknownText+strings.Join(strings.FieldsFunc(text, isPythonSpace), " "))
	return append(dst, ids[min(len(ids), s.before):]...)
}

// frame has no start; a row is padded with what ends it.
func (s *sigLIP) frame() frame { return frame{start: noStart, end: s.end, padding: s.end} }

func (s *sigLIP) size() int { return len(s.pieces) }

func (s *sigLIP) hash() uint64 { return s.sum }

func (s *sigLIP) as(f Flavour) scheme {
	if f == OpenAI {
		f = OpenCLIP // there is none of OpenAI's
	}
	return &sigLIP{s.unigram, f}
}

func (s *sigLIP) of() Flavour { return s.flavour }

// decode joins pieces up to the end of text.
func (s *sigLIP) decode(ids []int32) string {
	var text strings.Builder
	for _, id := range ids {
		if id == s.end {
			break
		}
		if id < 0 || int(id) >= len(s.pieces) || id == s.unknown {
			text.WriteRune('\ufffd')
			continue
		}
		text.WriteString(s.pieces[id])
	}
	return strings.TrimSpace(strings.ReplaceAll(text.String(), blank, " "))
}

// withoutPunctuation drops what Python's string.punctuation has.
func withoutPunctuation(text string) string {
	return strings.Map(func(r rune) rune {
		if '!' <= r && r <= '~' && !('0' <= r && r <= '9' || 'a' <= r|0x20 && r|0x20 <= 'z') {
			return -1
		}
		return r
	}, text)
}

// isPythonSpace is Python's str.isspace.
func isPythonSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }
