package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A tokenizerJSON is what matters of a file of Hugging Face's tokenizers library.
type tokenizerJSON struct {
	Normalizer   step `json:"normalizer"`
	PreTokenizer step `json:"pre_tokenizer"`
	Added        []struct {
		ID      int32  `json:"id"`
		Content string `json:"content"`
	} `json:"added_tokens"`
	Model struct {
		Type   string           `json:"type"`
		Suffix string           `json:"end_of_word_suffix"`
		IDs    map[string]int32 `json:"vocab"`
		Merges []jsonMerge      `json:"merges"`
	} `json:"model"`
}

// A step is part of what is done to a text before byte-pair encoding.
type step struct {
	Type          string                 `json:"type"`
	Normalizers   []step                 `json:"normalizers"`
	PreTokenizers []step                 `json:"pretokenizers"`
	Pattern       struct{ Regex string } `json:"pattern"`
	Content       string                 `json:"content"`
	Behavior      string                 `json:"behavior"`
	Invert        bool                   `json:"invert"`
	PrefixSpace   bool                   `json:"add_prefix_space"`
	Replacement   string                 `json:"replacement"`
	Prepend       string                 `json:"prepend_scheme"`
}

// A jsonMerge is written "a b" or, by later versions of the library, ["a", "b"].
type jsonMerge [2]string

func (m *jsonMerge) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return json.Unmarshal(text, (*[2]string)(m))
	}
	var line string
	if err := json.Unmarshal(text, &line); err != nil {
		return err
	}
	m[0], m[1], _ = strings.Cut(line, " ")
	return nil
}

// tokenizer makes the tokenizer that the file describes.
func (j *tokenizerJSON) tokenizer() (*Tokenizer, error) {
	if err := j.check(); err != nil {
		return nil, fmt.Errorf("not CLIP's tokenizer: %w", err)
	}
	b := newBuilder()
	for i, m := range j.Model.Merges {
		if err := b.add(m[0], m[1]); err != nil {
			return nil, fmt.Errorf("merge %d: %w", i, err)
		}
	}
	if err := b.check(j.Model.IDs); err != nil {
		return nil, fmt.Errorf("vocab: %w", err)
	}
	return &Tokenizer{&bytePairs{b.finish(), HuggingFace}}, nil
}

// check compares everything but the vocabulary with CLIP's.
func (j *tokenizerJSON) check() error {
	if !reflect.DeepEqual(j.Normalizer, clipNormalizer) {
		return errors.New("another normalizer")
	}
	if !slices.ContainsFunc(clipPatterns, func(pattern string) bool {
		return reflect.DeepEqual(j.PreTokenizer, clipPreTokenizer(pattern))
	}) {
		return errors.New("another pre_tokenizer")
	}
	if j.Model.Type != "BPE" || j.Model.Suffix != suffix {
		return fmt.Errorf("model of type %.40q with suffix %.40q", j.Model.Type, j.Model.Suffix)
	}
	for _, added := range j.Added {
		if !slices.Contains(specials[HuggingFace][:], added.Content) {
			return fmt.Errorf("token %.40q is added", added.Content)
		}
	}
	if n := len(j.Model.Merges); n != mergeCount {
		return fmt.Errorf("%d merges: CLIP has %d", n, mergeCount)
	}
	return nil
}

var clipNormalizer = step{Type: "Sequence", Normalizers: []step{
	{Type: "NFC"},
	{Type: "Replace", Pattern: regex(`\s+`), Content: " "},
	{Type: "Lowercase"},
}}

func clipPreTokenizer(pattern string) step {
	return step{Type: "Sequence", PreTokenizers: []step{
		{Type: "Split", Pattern: regex(pattern), Behavior: "Removed", Invert: true},
		{Type: "ByteLevel"},
	}}
}

// clipPatterns are those of transformers 4 and 5. With the latter, a word ends behind a special token in capitals; that
// is how scan takes it for both.
var clipPatterns = []string{
	`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`,
	`<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`,
}

func regex(pattern string) (p struct{ Regex string }) {
	p.Regex = pattern
	return p
}
