package tokenizer

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// huggingFaceFiles returns the files that transformers 5 writes for CLIP's tokenizer, and those of before.
func huggingFaceFiles(t testing.TB) (tokenizerJSON map[string]any, vocabJSON map[string]int32, mergesTXT string) {
	t.Helper()
	text := embeddedText(t)
	b, err := readMerges(strings.NewReader(text), mergeCount)
	if err != nil {
		t.Fatal(err)
	}
	vocabJSON = b.ids
	vocabJSON["<|startoftext|>"], vocabJSON["<|endoftext|>"] = Start, End
	var merges [][]string
	for line := range strings.Lines(text) {
		merges = append(merges, strings.Fields(line))
	}
	type object = map[string]any
	added := func(id int, content string) object {
		return object{"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
			"normalized": false, "special": true}
	}
	return object{
		"version":      "1.0",
		"added_tokens": []any{added(Start, "<|startoftext|>"), added(End, "<|endoftext|>")},
		"normalizer": object{"type": "Sequence", "normalizers": []any{
			object{"type": "NFC"},
			object{"type": "Replace", "pattern": object{"Regex": `\s+`}, "content": " "},
			object{"type": "Lowercase"},
		}},
		"pre_tokenizer": object{"type": "Sequence", "pretokenizers": []any{
			object{"type": "Split", "pattern": object{"Regex": clipPatterns[1]}, "behavior": "Removed", "invert": true},
			object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
		}},
		"model": object{"type": "BPE", "unk_token": "<|endoftext|>", "continuing_subword_prefix": "",
			"end_of_word_suffix": "</w>", "vocab": vocabJSON, "merges": merges},
	}, vocabJSON, "#version: 0.2\n" + text
}

// writeDir writes files, of text or else of JSON, to a new directory.
func writeDir(t testing.TB, files map[string]any) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		text, isText := content.(string)
		if !isText {
			encoded, err := json.Marshal(content)
			if err != nil {
				t.Fatal(err)
			}
			text = string(encoded)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOpen(t *testing.T) {
	form, vocab, merges := huggingFaceFiles(t)
	older := maps.Clone(form)
	older["model"] = maps.Clone(form["model"].(map[string]any))
	older["model"].(map[string]any)["merges"] = strings.Split(strings.TrimSpace(embeddedText(t)), "\n")
	type files = map[string]any
	for _, c := range []struct {
		files files
		want  Flavour
	}{
		{files{}, OpenAI},
		{files{"config.json": "{}"}, OpenAI},
		{files{"merges.txt": merges}, OpenAI},
		{files{"merges.txt": merges, "vocab.json": vocab}, OpenAI},
		{files{"bpe_simple_vocab_16e6.txt": merges}, OpenAI},
		{files{"bpe_simple_vocab_16e6.txt.gz": string(embeddedMerges)}, OpenAI},
		{files{"tokenizer.json": form}, HuggingFace},
		{files{"tokenizer.json": older}, HuggingFace},
		{files{"open_clip_config.json": `{"model_cfg": {"text_cfg": {"context_length": 77}}}`}, OpenCLIP},
		{files{"open_clip_config.json": `{"model_cfg": {"text_cfg": {"tokenizer_kwargs": {"clean": "lower"}}}}`}, OpenCLIP},
	} {
		names := slices.Sorted(maps.Keys(c.files))
		tok, err := Open(writeDir(t, c.files))
		if err != nil {
			t.Errorf("%v: %v", names, err)
			continue
		}
		if got := tok.Flavour(); got != c.want {
			t.Errorf("%v: flavour %v, want %v", names, got, c.want)
		}
		if got, want := tok.Fingerprint(), Default().As(c.want).Fingerprint(); got != want {
			t.Errorf("%v: fingerprint %v, want %v", names, got, want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	form, vocab, merges := huggingFaceFiles(t)
	wrong := maps.Clone(vocab)
	wrong["the</w>"] = wrong["in"]
	fewer := maps.Clone(vocab)
	delete(fewer, "the</w>")
	// with returns a tokenizer.json with one value replaced.
	with := func(form map[string]any, value any, keys ...string) map[string]any {
		root := maps.Clone(form)
		object := root
		for _, key := range keys[:len(keys)-1] {
			object[key] = maps.Clone(object[key].(map[string]any))
			object = object[key].(map[string]any)
		}
		object[keys[len(keys)-1]] = value
		return root
	}
	bare := with(with(form, nil, "model", "vocab"), nil, "model", "merges") // quick to write and read
	type files = map[string]any
	for _, c := range []struct {
		files files
		want  string
	}{
		{files{"merges.txt": "i n"}, "merges.txt: ends after 1 merges: CLIP has 48894"},
		{files{"merges.txt": merges, "vocab.json": wrong}, `merges.txt: vocab.json: "the</w>" is id 512: not so by the merges`},
		{files{"merges.txt": merges, "vocab.json": fewer}, "merges.txt: vocab.json: 49407 symbols: CLIP has 49408"},
		{files{"merges.txt": merges, "vocab.json": "{"}, "merges.txt: vocab.json: unexpected end of JSON input"},
		{files{"tokenizer.json": "[]"}, "tokenizer.json: json: cannot unmarshal array into Go value of type tokenizer.tokenizerJSON"},
		{files{"tokenizer.json": with(bare, nil, "normalizer")}, "tokenizer.json: not CLIP's tokenizer: another normalizer"},
		{files{"tokenizer.json": with(bare, nil, "pre_tokenizer")}, "tokenizer.json: not CLIP's tokenizer: another pre_tokenizer"},
		{files{"tokenizer.json": with(bare, "Unigram", "model", "type")},
			`tokenizer.json: not CLIP's tokenizer: model of type "Unigram" with suffix "</w>"`},
		{files{"tokenizer.json": with(bare, []string{"a b"}, "model", "merges")}, "tokenizer.json: not CLIP's tokenizer: 1 merges: CLIP has 48894"},
		{files{"tokenizer.json": with(bare, slices.Repeat([]string{"a"}, mergeCount), "model", "merges")},
			`tokenizer.json: merge 0: "" is no symbol to end a merge with`},
		{files{"tokenizer.json": with(form, wrong, "model", "vocab")}, `tokenizer.json: vocab: "the</w>" is id 512: not so by the merges`},
		{files{"tokenizer.json": with(bare, []any{files{"id": 0, "content": "!"}}, "added_tokens")},
			`tokenizer.json: not CLIP's tokenizer: token "!" is added`},
		{files{"open_clip_config.json": `{"model_cfg": {"text_cfg": {"hf_tokenizer_name": "xlm-roberta-base"}}}`},
			`open_clip_config.json: hf_tokenizer_name "xlm-roberta-base" is not supported without clean: "canonicalize"`},
		{files{"open_clip_config.json": `{"model_cfg": {"text_cfg": {"tokenizer_kwargs": {"clean": "canonicalize"}}}}`},
			`open_clip_config.json: tokenizer_kwargs: "clean": "canonicalize" is not supported`},
	} {
		if _, err := Open(writeDir(t, c.files)); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "missing")); !os.IsNotExist(err) {
		t.Errorf("a missing directory: error %v", err)
	}
}

// FuzzTokenizerJSON reads what is not a whole tokenizer.json.
func FuzzTokenizerJSON(f *testing.F) {
	f.Add([]byte(`{"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}]}, "model": {"merges": ["a b", ["a", "b"]]}}`))
	f.Add([]byte(`{"model": {"vocab": {"a": 1e9}, "merges": [[], [1]]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var form tokenizerJSON
		if err := json.Unmarshal(text, &form); err != nil {
			return
		}
		if _, err := form.tokenizer(); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v", err)
		}
	})
}
