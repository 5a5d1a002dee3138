package tokenizer

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxMerges bounds the size of a file of merges, uncompressed. The largest one about, the original's, has 3.2 MB.
const maxMerges = 16 << 20

// Read makes a tokenizer, of flavour OpenAI, of a file of merges: the original's bpe_simple_vocab_16e6.txt, Hugging
// Face's merges.txt, or lines of merges alone, each of them plain or compressed by gzip. Lines after the last that
// CLIP uses, of which the original has many, are not read.
func Read(r io.Reader) (*Tokenizer, error) {
	v, err := readVocabulary(r, mergeCount)
	if err != nil {
		return nil, err
	}
	return &Tokenizer{&bytePairs{vocabulary: v}}, nil
}

// readVocabulary reads count merges.
func readVocabulary(r io.Reader, count int) (*vocabulary, error) {
	b, err := readMerges(r, count)
	if err != nil {
		return nil, err
	}
	return b.finish(), nil
}

func readMerges(r io.Reader, count int) (*builder, error) {
	text, err := readAll(r, maxMerges)
	if err != nil {
		return nil, err
	}
	b := newBuilder()
	for number, done := 1, 0; done < count; number++ {
		line, rest, more := strings.Cut(text, "\n")
		text = rest
		if number == 1 && strings.Contains(line, "#version") {
			continue
		}
		if line == "" && !more {
			return nil, fmt.Errorf("ends after %d merges: CLIP has %d", done, count)
		}
		left, right, _ := strings.Cut(strings.TrimSuffix(line, "\r"), " ")
		if left == "" || right == "" || strings.Contains(right, " ") {
			return nil, fmt.Errorf("line %d: %.40q: want two symbols and a space between them", number, line)
		}
		if err := b.add(left, right); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		done++
	}
	return b, nil
}

const gzipMagic = "\x1f\x8b"

// readAll reads a text of at most limit bytes, which may be compressed.
func readAll(r io.Reader, limit int64) (string, error) {
	buffered := bufio.NewReader(r)
	r = buffered
	if magic, _ := buffered.Peek(len(gzipMagic)); string(magic) == gzipMagic {
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return "", err
		}
		r = z
	}
	var text strings.Builder
	n, err := io.Copy(&text, io.LimitReader(r, limit+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "", fmt.Errorf("compressed text is cut off: %w", err)
	case err != nil:
		return "", err
	case n > limit:
		return "", fmt.Errorf("more than %d bytes", limit)
	}
	return text.String(), nil
}
