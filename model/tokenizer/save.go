package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"

	"github.com/pairstream/pairstream/model/checkpoint"
)

// SaveHuggingFace writes CLIP's own vocabulary to a directory as transformers' CLIPTokenizer reads it: vocab.json,
// merges.txt and tokenizer_config.json, each replaced in one step. length is how many tokens a text may have.
func SaveHuggingFace(dir string, length int) error {
	text, err := readAll(bytes.NewReader(embeddedMerges), maxMerges)
	if err != nil {
		return err
	}
	b, err := readMerges(bytes.NewReader(embeddedMerges), mergeCount)
	if err != nil {
		return err
	}
	start, end := specials[HuggingFace][0], specials[HuggingFace][1]
	b.ids[start], b.ids[end] = Start, End
	settings := map[string]any{
		"tokenizer_class": "CLIPTokenizer", "model_max_length": length,
		"bos_token": start, "eos_token": end, "unk_token": end, "pad_token": end,
		"do_lower_case": true, "errors": "replace",
	}
	return errors.Join(
		saveText(dir, "merges.txt", func(w io.Writer) error { _, err := io.WriteString(w, "#version: 0.2\n"+text); return err }),
		saveText(dir, "vocab.json", func(w io.Writer) error { return json.NewEncoder(w).Encode(b.ids) }),
		saveText(dir, "tokenizer_config.json", func(w io.Writer) error { return json.NewEncoder(w).Encode(settings) }),
	)
}

func saveText(dir, name string, write func(io.Writer) error) error {
	return checkpoint.Replace(filepath.Join(dir, name), write)
}
