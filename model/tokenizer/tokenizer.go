// Package tokenizer turns captions into ids of CLIP's vocabulary, and ids into text.
//
// A caption is cleaned (clean.go) and split into words (scan.go). Most words are in the vocabulary whole; the rest
// are put together from their bytes by byte-pair encoding (bpe.go). Captions of plain ASCII, which cleaning would
// leave alone, skip it and need no memory.
//
// The ids are those of the original tokenizer (simple_tokenizer.py of github.com/openai/CLIP, with ftfy 6.3.1), or
// of its relatives, see Flavour. What differs:
//
//   - Text that was decoded wrongly before it came here ("cafÃ©") is not repaired. ftfy does so by a heuristic.
//   - Python cannot represent text that is not valid UTF-8. Each maximal part that is not becomes U+FFFD, as in
//     Python's bytes.decode(errors="replace").
//   - HTML entities written within entities are resolved up to a depth of 32.
//   - Text beyond MaxText bytes is not read.
//   - A character's class and case are those of the Unicode version that Go has, which matters for characters that
//     are newer than Python's.
package tokenizer

import (
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

const (
	VocabSize = 49408 // number of ids
	Start     = 49406 // id of the start of text
	End       = 49407 // id of the end of text, the largest: CLIP pools at the first of the largest ids

	// MaxText is the number of bytes of a text that are read. Later ones are ignored, which bounds what a hostile
	// caption costs: the worst known takes half a second. It is far beyond what fits into a row.
	MaxText = 256 << 10
)

// A Tokenizer does not change, and may be used by many goroutines at once.
type Tokenizer struct {
	vocabulary *vocabulary
	flavour    Flavour
}

// Default returns CLIP's own tokenizer, of flavour OpenAI. The vocabulary is embedded, and read when first asked for.
func Default() *Tokenizer { return &Tokenizer{vocabulary: embedded()} }

// As returns a tokenizer of the same vocabulary and another flavour.
func (t *Tokenizer) As(f Flavour) *Tokenizer { return &Tokenizer{t.vocabulary, f} }

// Flavour tells which package's ids these are.
func (t *Tokenizer) Flavour() Flavour { return t.flavour }

// Append appends the ids of a text to dst: all of them, without start and end.
func (t *Tokenizer) Append(dst []int32, text string) []int32 {
	return t.append(dst, text, math.MaxInt)
}

// Encode fills row, (context length), with what a text tower takes: start, the text's ids, end, and zeros. Of a text
// that is too long the first ids are kept, so that the row ends with the end.
//
// Hugging Face pads with End instead of zero. A CLIP's embedding does not depend on it.
func (t *Tokenizer) Encode(row []int32, text string) {
	if len(row) == 0 {
		return
	}
	row[0] = Start
	n := min(1, len(row)-1)
	if room := len(row) - 2; room > 0 {
		n += len(t.append(row[1:1:1+room], text, room))
	}
	row[n] = End
	clear(row[n+1:])
}

// append appends ids to dst until it holds limit of them.
func (t *Tokenizer) append(dst []int32, text string, limit int) []int32 {
	text = cut(text)
	if t.flavour == HuggingFace {
		return t.appendPieces(dst, text, limit)
	}
	if !isPlain(text) {
		text = clean(text)
	}
	return t.scan(dst, text, limit)
}

// cut returns what is read of a text: MaxText bytes, without the beginning of a character that reaches beyond.
func cut(text string) string {
	if len(text) <= MaxText {
		return text
	}
	n := MaxText
	for n > MaxText-utf8.UTFMax && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// Fingerprint returns 16 hexadecimal digits that stand for what decides the ids: the merges, the flavour, and
// how texts are cleaned.
func (t *Tokenizer) Fingerprint() string {
	return fmt.Sprintf("%016x", xxhash.Sum64String(fmt.Sprintf("tokenizer 1 %v %016x", t.flavour, t.vocabulary.sum)))
}
