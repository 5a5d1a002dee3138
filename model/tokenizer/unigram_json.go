package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
)

// unigramJSON is what matters of a file of Hugging Face's tokenizers library that has a unigram model.
type unigramJSON struct {
	Normalizer *struct {
		Type     string `json:"type"`
		Charsmap []byte `json:"precompiled_charsmap"`
	} `json:"normalizer"`
	PreTokenizer step `json:"pre_tokenizer"`
	Model        struct {
		Type         string          `json:"type"`
		Unknown      *int            `json:"unk_id"`
		Pieces       json.RawMessage `json:"vocab"`
		ByteFallback bool            `json:"byte_fallback"`
	} `json:"model"`
}

// openUnigramJSON reads a tokenizer.json.
func openUnigramJSON(dir, name string) (*unigram, error) {
	var form unigramJSON
	if err := readJSON(dir, name, &form); err != nil {
		return nil, err
	}
	return form.unigram()
}

func (j *unigramJSON) unigram() (*unigram, error) {
	if j.Model.Type != "Unigram" || j.Model.Unknown == nil || j.Model.ByteFallback {
		return nil, fmt.Errorf("model of type %.40q is not supported, want Unigram with unk_id, without byte_fallback", j.Model.Type)
	}
	if !j.PreTokenizer.splitsWords() {
		return nil, errors.New("another pre_tokenizer than WhitespaceSplit and Metaspace")
	}
	u := newUnigram()
	if n := j.Normalizer; n != nil {
		if n.Type != "Precompiled" {
			return nil, fmt.Errorf("normalizer of type %.40q is not supported", n.Type)
		}
		var err error
		if u.rules, err = readCharsmap(n.Charsmap); err != nil {
			return nil, err
		}
	}
	var pieces []jsonPiece
	if err := json.Unmarshal(j.Model.Pieces, &pieces); err != nil {
		return nil, err
	}
	for id, p := range pieces {
		kind := pieceNormal
		if id == *j.Model.Unknown {
			kind = pieceUnknown
		} else if p.text == "</s>" || p.text == "<pad>" || p.text == "<s>" {
			kind = pieceControl // which no text becomes, without punctuation as it is
		}
		if err := u.add(p.text, p.score, kind); err != nil {
			return nil, err
		}
	}
	return u, u.finish()
}

// splitsWords tells whether words are split at white space, and begin with the sign for it.
func (s step) splitsWords() bool {
	if s.Type == "Sequence" && len(s.PreTokenizers) == 2 && s.PreTokenizers[0].Type == "WhitespaceSplit" {
		s = s.PreTokenizers[1]
	}
	return s.Type == "Metaspace" && s.Replacement == blank && (s.Prepend == "always" || s.Prepend == "" && s.PrefixSpace)
}

// jsonPiece is written ["piece", score].
type jsonPiece struct {
	text  string
	score float32
}

func (p *jsonPiece) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&p.text, &p.score})
}
