package tokenizer

import (
	"bytes"
	_ "embed"
	"fmt"
	"sync"

	"github.com/cespare/xxhash/v2"
)

// A vocabulary is made of merges alone. Ids below 256 are the bytes, in the order of alphabet; the next 256 the
// bytes that end a word; then comes what the merges make, in their order; then Start and End.
type vocabulary struct {
	pairs pairTable
	words map[string]int32 // the words that are one id
	texts []string         // of the ids but Start and End, as bytes
	ends  []bool           // whether the id ends a word
	sum   uint64           // hash of the merges
}

const (
	wordEnd    = 256 // what is added to a byte's id where the byte ends a word
	firstMerge = 512
	mergeCount = Start - firstMerge
)

// embedded is CLIP's own vocabulary; merges.LICENSE says whose it is.
var embedded = sync.OnceValue(func() *vocabulary {
	v, err := readVocabulary(bytes.NewReader(embeddedMerges), mergeCount)
	if err != nil {
		panic(fmt.Sprintf("embedded vocabulary: %v", err))
	}
	return v
})

//go:embed merges.txt.gz
var embeddedMerges []byte

// suffix marks a symbol that ends a word, in files.
const suffix = "</w>"

// A builder makes a vocabulary of merges as files spell them.
type builder struct {
	vocabulary
	ids  map[string]int32 // of symbols as files spell them
	hash *xxhash.Digest
}

func newBuilder() *builder {
	b := &builder{
		vocabulary: vocabulary{
			pairs: make(pairTable, 1<<pairBits),
			texts: make([]string, 0, Start),
			ends:  make([]bool, 0, Start),
		},
		ids:  make(map[string]int32, Start),
		hash: xxhash.New(),
	}
	for _, end := range []string{"", suffix} {
		for _, c := range alphabet {
			b.name(string(letters[c])+end, string([]byte{c}), end != "")
		}
	}
	return b
}

// name gives a symbol the next id.
func (b *builder) name(symbol, text string, end bool) {
	b.ids[symbol] = int32(len(b.texts))
	b.texts = append(b.texts, text)
	b.ends = append(b.ends, end)
}

// add adds the next merge. Its symbols must be there already, and what it makes must not: else ids would not be in
// the order of merges, on which merge relies.
func (b *builder) add(left, right string) error {
	a, known := b.ids[left]
	if !known || b.ends[a] {
		return fmt.Errorf("%.40q is no symbol to begin a merge with", left)
	}
	z, known := b.ids[right]
	if !known {
		return fmt.Errorf("%.40q is no symbol to end a merge with", right)
	}
	made := left + right
	if id, twice := b.ids[made]; twice {
		return fmt.Errorf("%.40q is made twice: it is id %d already", made, id)
	}
	b.pairs.add(a, z, int32(len(b.texts)))
	b.name(made, b.texts[a]+b.texts[z], b.ends[z])
	_, _ = b.hash.WriteString(left + " " + right + "\n")
	return nil
}

// finish finds the words that are one id. A symbol need not be what byte-pair encoding makes of its bytes: another
// merge may come first.
func (b *builder) finish() *vocabulary {
	b.words = make(map[string]int32, len(b.texts))
	var ids [shortWord]int32
	for id, word := range b.texts {
		if !b.ends[id] || len(word) > shortWord {
			continue
		}
		if ids := b.merge(ids[:0], []byte(word), len(ids)); len(ids) == 1 {
			b.words[word] = ids[0]
		}
	}
	b.sum = b.hash.Sum64()
	v := b.vocabulary // without the builder
	return &v
}

// check compares the ids with those that a file gives to symbols.
func (b *builder) check(ids map[string]int32) error {
	if len(ids) != VocabSize {
		return fmt.Errorf("%d symbols: CLIP has %d", len(ids), VocabSize)
	}
	for i, special := range specials[OpenAI] {
		b.ids[special] = Start + int32(i)
	}
	for symbol, id := range ids {
		if want, known := b.ids[symbol]; !known || want != id {
			return fmt.Errorf("%.40q is id %d: not so by the merges", symbol, id)
		}
	}
	return nil
}
