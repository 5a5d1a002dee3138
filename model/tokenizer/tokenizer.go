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
type Tokenizer struct{ scheme }

// scheme is how texts become ids.
type scheme interface {
	// append appends ids to dst until it holds limit of them.
	append(dst []int32, text string, limit int) []int32
	decode(ids []int32) string
	frame() frame
	size() int // of the vocabulary
	as(Flavour) scheme
	of() Flavour
	hash() uint64 // of the vocabulary
}

// frame is the ids around those of a text.
type frame struct{ start, end, padding int32 }

// noStart is the start where there is none.
const noStart = -1

// Default returns CLIP's own tokenizer, of flavour OpenAI. The vocabulary is embedded, and read when first asked for.
func Default() *Tokenizer { return &Tokenizer{&bytePairs{vocabulary: embedded()}} }

// As returns a tokenizer of the same vocabulary and another flavour.
func (t *Tokenizer) As(f Flavour) *Tokenizer { return &Tokenizer{t.as(f)} }

// Flavour tells which package's ids these are.
func (t *Tokenizer) Flavour() Flavour { return t.of() }

// Size is the number of ids.
func (t *Tokenizer) Size() int { return t.size() }

// Pieces tells whether texts become sentencepiece's pieces, as SigLIP's do.
func (t *Tokenizer) Pieces() bool { return t.frame().start == noStart }

// End is the id that ends a text.
func (t *Tokenizer) End() int32 { return t.frame().end }

// Append appends the ids of a text to dst: all of them, without start and end.
func (t *Tokenizer) Append(dst []int32, text string) []int32 {
	return t.append(dst, text, math.MaxInt)
}

// AppendWhole appends the ids of a text to dst with the start, if the tokenizer has one, and the end.
func (t *Tokenizer) AppendWhole(dst []int32, text string) []int32 {
	f := t.frame()
	if f.start != noStart {
		dst = append(dst, f.start)
	}
	return append(t.Append(dst, text), f.end)
}

// Encode fills row, (context length), with what a text tower takes: start, the text's ids, end, and zeros; SigLIP's has no
// start, and ends again in the place of zeros. Of a text that is too long the first ids are kept, so that the row ends with
// the end.
//
// Hugging Face pads with End instead of zero. A CLIP's embedding does not depend on it.
func (t *Tokenizer) Encode(row []int32, text string) {
	if len(row) == 0 {
		return
	}
	f, n := t.frame(), 0
	if f.start != noStart {
		row[0] = f.start
		n = min(1, len(row)-1)
	}
	if room := len(row) - 1 - n; room > 0 {
		n += len(t.append(row[n:n:n+room], text, room))
	}
	row[n] = f.end
	for i := range row[n+1:] {
		row[n+1+i] = f.padding
	}
}

// Decode returns the text of ids: of a row, what stands between start and end. Words are in lower case and have a
// space between them. It is not what was encoded, to the letter: spaces are where words were split, not where they
// were written.
func (t *Tokenizer) Decode(ids []int32) string { return t.decode(ids) }

// Fingerprint returns 16 hexadecimal digits that stand for what decides the ids: the vocabulary, the flavour, and
// how texts are cleaned.
func (t *Tokenizer) Fingerprint() string {
	return fmt.Sprintf("%016x", xxhash.Sum64String(fmt.Sprintf("tokenizer 1 %v %016x", t.of(), t.hash())))
}

// bytePairs is CLIP's scheme.
type bytePairs struct {
	vocabulary *vocabulary
	flavour    Flavour
}

func (t *bytePairs) frame() frame        { return frame{start: Start, end: End} }
func (t *bytePairs) size() int           { return VocabSize }
func (t *bytePairs) as(f Flavour) scheme { return &bytePairs{t.vocabulary, f} }
func (t *bytePairs) of() Flavour         { return t.flavour }
func (t *bytePairs) hash() uint64        { return t.vocabulary.sum }

func (t *bytePairs) append(dst []int32, text string, limit int) []int32 {
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
