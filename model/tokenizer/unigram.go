package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

// unigram is a vocabulary of pieces with scores, by sentencepiece's unigram model (Kudo 2018,
// https://arxiv.org/abs/1804.10959): a text becomes those pieces whose scores add up to the most.
//
// It is written here since no well-kept library in Go has it: github.com/eliben/go-sentencepiece, and what is built on it, know
// byte-pair encoding alone, without normalisation; github.com/sugarme/tokenizer reads no spiece.model.
type unigram struct {
	pieces  []string         // by id, as files spell them, with ▁ for a space
	scores  []float32        // by id
	ids     map[string]int32 // of the pieces that a text may become
	longest int              // of them, in bytes
	least   float32          // of their scores
	unknown int32            // the id of what no piece is
	end     int32            // the id of the end of text, and of padding
	rules   *charsmap        // what texts are normalised by; nil leaves them

	sum uint64 // hash of all that

	before int // how many pieces unknownText is

	trimSpaces bool // whether runs of spaces are one, and none stand at the ends
}

// blank stands for a space in pieces.
const blank = "▁"

// unknownPenalty is how much below the least score an unknown character is.
const unknownPenalty = 10

// kinds of pieces in a sentencepiece model
const (
	pieceNormal  = 1
	pieceUnknown = 2
	pieceControl = 3
	pieceUnused  = 5
)

// add adds the next piece.
func (u *unigram) add(piece string, score float32, kind int) error {
	id := int32(len(u.pieces))
	u.pieces, u.scores = append(u.pieces, piece), append(u.scores, score)
	switch kind {
	case pieceUnknown:
		u.unknown = id
		return nil
	case pieceControl:
		if piece == "</s>" {
			u.end = id
		}
		return nil
	case pieceUnused:
		return nil
	case pieceNormal:
	default:
		return fmt.Errorf("piece %d, %.40q, is of kind %d, which is not supported", id, piece, kind)
	}
	if piece == "" || !utf8.ValidString(piece) {
		return fmt.Errorf("piece %d is %.40q", id, piece)
	}
	if first, twice := u.ids[piece]; twice {
		return fmt.Errorf("piece %d, %.40q, is piece %d too", id, piece, first)
	}
	if len(u.ids) == 0 || score < u.least {
		u.least = score
	}
	if !(score > -1e6 && score < 1e6) {
		return fmt.Errorf("piece %d, %.40q, has a score of %v", id, piece, score)
	}
	u.ids[piece] = id
	u.longest = max(u.longest, len(piece))
	return nil
}

func newUnigram() *unigram {
	return &unigram{ids: make(map[string]int32), unknown: -1, end: -1, trimSpaces: true}
}

// finish checks that nothing is missing.
func (u *unigram) finish() error {
	switch {
	case len(u.ids) == 0:
		return errors.New("no pieces")
	case u.unknown < 0:
		return errors.New("no piece for what is unknown")
	case u.end < 0:
		return errors.New("no piece </s> for the end of text")
	}
	h := xxhash.New()
	fmt.Fprintf(h, "%d %d %v %q\n%v\n", u.unknown, u.end, u.trimSpaces, u.pieces, u.scores)
	if u.rules != nil {
		fmt.Fprintf(h, "%v\n%s", u.rules.units, u.rules.values)
	}
	u.sum = h.Sum64()
	u.before = len(u.appendText(nil, unknownText))
	return nil
}

// A path is the best way that leads to a byte of a text, by its last piece.
type path[F float32 | float64] struct {
	score F
	start int32 // of the piece; -1 where no way leads
	id    int32
}

// appendBest appends the ids of the best pieces of text to dst. Scores are added up from left to right in F, so that ties are
// broken, and rounding errors made, as the two packages do that use float32 and float64. A run of unknown characters is one id.
func appendBest[F float32 | float64](u *unigram, dst []int32, text string) []int32 {
	paths := make([]path[F], len(text)+1)
	for i := range paths[1:] {
		paths[i+1].start = -1
	}
	unknown := F(u.least) - unknownPenalty
	for at := 0; at < len(text); {
		_, char := utf8.DecodeRuneInString(text[at:])
		till, single := paths[at].score, false
		for end := at + char; end <= len(text) && end-at <= u.longest; {
			if id, ok := u.ids[text[at:end]]; ok {
				paths[end].offer(F(u.scores[id])+till, at, id)
				single = single || end-at == char
			}
			if end == len(text) {
				break
			}
			_, n := utf8.DecodeRuneInString(text[end:])
			end += n
		}
		if !single {
			paths[at+char].offer(unknown+till, at, u.unknown)
		}
		at += char
	}
	first := len(dst)
	for end := int32(len(text)); end > 0; end = paths[end].start {
		id := paths[end].id
		if id == u.unknown && len(dst) > first && dst[len(dst)-1] == id {
			continue
		}
		dst = append(dst, id)
	}
	for i, j := first, len(dst)-1; i < j; i, j = i+1, j-1 {
		dst[i], dst[j] = dst[j], dst[i]
	}
	return dst
}

// offer takes a better way.
func (p *path[F]) offer(score F, start int, id int32) {
	if p.start < 0 || score > p.score {
		*p = path[F]{score, int32(start), id}
	}
}

// appendText appends the ids of a text as sentencepiece itself makes them.
func (u *unigram) appendText(dst []int32, text string) []int32 {
	var out strings.Builder
	spaced := false
	for text != "" {
		by, n := u.normalise(text)
		text = text[n:]
		for spaced && strings.HasPrefix(by, " ") {
			by = by[1:]
		}
		if by != "" {
			out.WriteString(strings.ReplaceAll(by, " ", blank))
			spaced = u.trimSpaces && strings.HasSuffix(by, " ")
		}
	}
	normal := out.String()
	for u.trimSpaces && strings.HasSuffix(normal, blank) {
		normal = normal[:len(normal)-len(blank)]
	}
	return appendBest[float32](u, dst, normal)
}

// normalise returns what the front of a text becomes, and how many bytes of it that is.
func (u *unigram) normalise(text string) (by string, n int) {
	if u.rules != nil {
		if by, n := u.rules.longest(text); n > 0 {
			return by, n
		}
	}
	_, n = utf8.DecodeRuneInString(text)
	return text[:n], n
}

// appendWords appends the ids of a text as Hugging Face's tokenizers library makes them, word by word.
func (u *unigram) appendWords(dst []int32, text string) []int32 {
	if u.rules != nil {
		text = u.rules.replace(text)
	}
	for word := range strings.FieldsSeq(text) {
		if !strings.HasPrefix(word, blank) {
			word = blank + word
		}
		for word != "" { // each of them within begins another
			end := strings.Index(word[len(blank):], blank)
			if end < 0 {
				dst = appendBest[float64](u, dst, word)
				break
			}
			dst = appendBest[float64](u, dst, word[:len(blank)+end])
			word = word[len(blank)+end:]
		}
	}
	return dst
}
