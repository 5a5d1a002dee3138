package tokenizer_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pairstream/pairstream/model/tokenizer"
)

type piecesRow struct {
	Text     string
	SigLIP   []int32
	OpenCLIP []int32 `json:"open_clip"`
}

// TestPieces compares, on hard texts, with SiglipTokenizer of transformers and HFTokenizer of open_clip; testdata/make_pieces.py
// says how. The models are small, one without normalisation and one with a few rules.
func TestPieces(t *testing.T) {
	for _, name := range []string{"identity", "rules"} {
		t.Run(name, func(t *testing.T) { comparePieces(t, filepath.Join("testdata/pieces", name)) })
	}
}

// TestFullPieces does the same with large models and the whole of nmt_nfkc, where make_pieces.py --full has put them.
func TestFullPieces(t *testing.T) {
	dir := os.Getenv("PAIRSTREAM_FULL_PIECES")
	if dir == "" {
		t.Skip("PAIRSTREAM_FULL_PIECES does not say where large vocabularies are")
	}
	for _, name := range []string{"identity", "nmt_nfkc"} {
		t.Run(name, func(t *testing.T) { comparePieces(t, filepath.Join(dir, name)) })
	}
}

func comparePieces(t *testing.T, dir string) {
	siglip, openclip := piecesOf(t, dir, "spiece.model"), piecesOf(t, dir, "tokenizer.json")
	rows := readLines[piecesRow](t, filepath.Join(dir, "ids.jsonl"))
	for _, row := range rows {
		if got := siglip.AppendWhole(nil, row.Text); !slices.Equal(got, row.SigLIP) {
			t.Errorf("%v: %q: got %v, want %v", siglip.Flavour(), row.Text, got, row.SigLIP)
		}
		if got := openclip.AppendWhole(nil, row.Text); !slices.Equal(got, row.OpenCLIP) {
			t.Errorf("%v: %q: got %v, want %v", openclip.Flavour(), row.Text, got, row.OpenCLIP)
		}
	}
	t.Logf("%d texts", len(rows))
}

// piecesOf opens one file of a vocabulary, as the layout has it that keeps it in such a file.
func piecesOf(t *testing.T, from, file string) *tokenizer.Tokenizer {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join(from, file))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, file), text)
	if file == "tokenizer.json" {
		writeFile(t, filepath.Join(dir, "open_clip_config.json"), []byte(openCLIPPieces))
	}
	tok, err := tokenizer.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

const openCLIPPieces = `{"model_cfg": {"text_cfg": {"hf_tokenizer_name": "timm/ViT-B-16-SigLIP", "tokenizer_kwargs": {"clean": "canonicalize"}}}}`

func writeFile(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
}
