package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Open makes the tokenizer of a model's directory. It goes by the first of these files that is there:
//
//   - open_clip_config.json: CLIP's own vocabulary, of flavour OpenCLIP; where it names another tokenizer, as SigLIPs do,
//     that of tokenizer.json or spiece.model, which must be sentencepiece's unigram model
//   - spiece.model: SigLIP's vocabulary, of flavour HuggingFace
//   - tokenizer.json: its vocabulary, of flavour HuggingFace
//   - merges.txt, with which vocab.json must agree where there is one: its vocabulary, of flavour OpenAI
//   - bpe_simple_vocab_16e6.txt.gz or bpe_simple_vocab_16e6.txt: its vocabulary, of flavour OpenAI
//
// Without any of them it is Default. A directory whose model has another kind of tokenizer is an error.
func Open(dir string) (*Tokenizer, error) {
	for _, form := range []struct {
		name string
		read func(dir, name string) (*Tokenizer, error)
	}{
		{"open_clip_config.json", openOpenCLIP},
		{"spiece.model", openSigLIP},
		{"tokenizer.json", openTokenizerJSON},
		{"merges.txt", openMerges},
		{"bpe_simple_vocab_16e6.txt.gz", openMerges},
		{"bpe_simple_vocab_16e6.txt", openMerges},
	} {
		t, err := form.read(dir, form.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", form.name, err)
		}
		return t, nil
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, err
	}
	return Default(), nil
}

// openOpenCLIP reads what an open_clip model says of its tokenizer, which is nothing for CLIP's own.
func openOpenCLIP(dir, name string) (*Tokenizer, error) {
	var config struct {
		Model struct {
			Text struct {
				Name    string         `json:"hf_tokenizer_name"`
				Options map[string]any `json:"tokenizer_kwargs"`
			} `json:"text_cfg"`
		} `json:"model_cfg"`
	}
	if err := readJSON(dir, name, &config); err != nil {
		return nil, err
	}
	text := config.Model.Text
	want := "lower"
	if text.Name != "" {
		want = "canonicalize"
		if text.Options["clean"] != want {
			return nil, fmt.Errorf("hf_tokenizer_name %.80q is not supported without clean: %q", text.Name, want)
		}
	}
	for _, option := range slices.Sorted(maps.Keys(text.Options)) {
		if value := text.Options[option]; option != "clean" || value != want {
			return nil, fmt.Errorf("tokenizer_kwargs: %.40q: %.40q is not supported", option, fmt.Sprint(value))
		}
	}
	if text.Name != "" {
		return openNamed(dir, text.Name)
	}
	return Default().As(OpenCLIP), nil
}

// openNamed reads the tokenizer that an open_clip model keeps beside it.
func openNamed(dir, repository string) (*Tokenizer, error) {
	for _, form := range []struct {
		name string
		read func(dir, name string) (*unigram, error)
	}{{"tokenizer.json", openUnigramJSON}, {"spiece.model", openPieces}} {
		u, err := form.read(dir, form.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("hf_tokenizer_name %.80q: %s: %w", repository, form.name, err)
		}
		return &Tokenizer{&sigLIP{u, OpenCLIP}}, nil
	}
	return nil, fmt.Errorf("hf_tokenizer_name %.80q: neither its tokenizer.json nor its spiece.model is here", repository)
}

// openSigLIP reads the vocabulary of a SigLIP in Hugging Face's layout.
func openSigLIP(dir, name string) (*Tokenizer, error) {
	u, err := openPieces(dir, name)
	if err != nil {
		return nil, err
	}
	return &Tokenizer{&sigLIP{u, HuggingFace}}, nil
}

// openMerges reads a file of merges and, beside merges.txt, vocab.json.
func openMerges(dir, name string) (*Tokenizer, error) {
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := readMerges(file, mergeCount)
	if err != nil {
		return nil, err
	}
	if name == "merges.txt" {
		var ids map[string]int32
		err := readJSON(dir, "vocab.json", &ids)
		if err == nil {
			err = b.check(ids)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("vocab.json: %w", err)
		}
	}
	return &Tokenizer{&bytePairs{vocabulary: b.finish()}}, nil
}

// openTokenizerJSON reads a file of Hugging Face's tokenizers library, which must describe CLIP's.
func openTokenizerJSON(dir, name string) (*Tokenizer, error) {
	var form tokenizerJSON
	if err := readJSON(dir, name, &form); err != nil {
		return nil, err
	}
	return form.tokenizer()
}

// maxJSON bounds the size of a file. The largest about, a tokenizer.json, has 3.6 MB.
const maxJSON = 16 << 20

func readJSON(dir, name string, into any) error {
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := readAll(file, maxJSON)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), into)
}
