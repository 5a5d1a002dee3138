package tokenizer

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// message writes fields: numbers as varints, float32 as four bytes, the rest as bytes.
func message(fields ...any) (out []byte) {
	for i := 0; i < len(fields); i += 2 {
		number := protowire.Number(fields[i].(int))
		switch value := fields[i+1].(type) {
		case int:
			out = protowire.AppendVarint(protowire.AppendTag(out, number, protowire.VarintType), uint64(value))
		case float32:
			out = protowire.AppendFixed32(protowire.AppendTag(out, number, protowire.Fixed32Type), math.Float32bits(value))
		case string:
			out = protowire.AppendString(protowire.AppendTag(out, number, protowire.BytesType), value)
		case []byte:
			out = protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), value)
		}
	}
	return out
}

func pieceOf(text string, score float32, kind int) []byte { return message(1, text, 2, score, 3, kind) }

var (
	pieceEnd = pieceOf("</s>", 0, pieceControl)
	pieceUnk = pieceOf("<unk>", 0, pieceUnknown)
	pieceA   = pieceOf("a", -1, pieceNormal)
)

// TestPiecesErrors reads vocabularies that are damaged, or of other kinds.
func TestPiecesErrors(t *testing.T) {
	for _, c := range []struct {
		model []byte
		want  string
	}{
		{nil, "no pieces"},
		{message(1, pieceA, 1, pieceEnd), "no piece for what is unknown"},
		{message(1, pieceA, 1, pieceUnk), "no piece </s> for the end of text"},
		{message(1, pieceA, 1, pieceUnk, 1, pieceEnd, 1, pieceA), `piece 3, "a", is piece 0 too`},
		{message(1, pieceOf("b", float32(math.NaN()), pieceNormal)), `piece 0, "b", has a score of NaN`},
		{message(1, pieceOf("<0x41>", 0, 6)), `piece 0, "<0x41>", is of kind 6, which is not supported`},
		{message(1, pieceOf("\xff", 0, pieceNormal)), `piece 0 is "\xff"`},
		{message(2, message(3, 2)), "model_type 2 is not supported, want 1 (unigram)"},
		{message(2, message(35, 1)), "byte_fallback is not supported"},
		{message(2, message(24, 1)), "treat_whitespace_as_suffix is not supported"},
		{message(3, message(5, 0)), "escape_whitespaces is off, which is not supported"},
		{message(3, message(2, "ab")), "precompiled_charsmap is cut off"},
		{message(3, message(2, "\x04\x00\x00\x00\x00")), "precompiled_charsmap is damaged"},
		{[]byte{0xff}, "unexpected EOF"},
		{message(1, pieceA)[:3], "unexpected EOF"},
	} {
		if _, err := parsePieces(c.model); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// TestUnigramJSONErrors does the same with tokenizer.json, and opens directories that have no vocabulary.
func TestUnigramJSONErrors(t *testing.T) {
	const config = `{"model_cfg": {"text_cfg": {"hf_tokenizer_name": "timm/X", "tokenizer_kwargs": {"clean": "canonicalize"}}}}`
	const meta = `"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}`
	type files = map[string]any
	for _, c := range []struct {
		files files
		want  string
	}{
		{files{}, `hf_tokenizer_name "timm/X": neither its tokenizer.json nor its spiece.model is here`},
		{files{"tokenizer.json": `{"model": {"type": "BPE"}}`},
			`hf_tokenizer_name "timm/X": tokenizer.json: model of type "BPE" is not supported, want Unigram with unk_id, without byte_fallback`},
		{files{"tokenizer.json": `{"model": {"type": "Unigram", "unk_id": 0}}`},
			`hf_tokenizer_name "timm/X": tokenizer.json: another pre_tokenizer than WhitespaceSplit and Metaspace`},
		{files{"tokenizer.json": `{"normalizer": {"type": "NFC"}, ` + meta + `, "model": {"type": "Unigram", "unk_id": 0}}`},
			`hf_tokenizer_name "timm/X": tokenizer.json: normalizer of type "NFC" is not supported`},
		{files{"tokenizer.json": `{` + meta + `, "model": {"type": "Unigram", "unk_id": 9, "vocab": [["a", -1], ["</s>", 0]]}}`},
			`hf_tokenizer_name "timm/X": tokenizer.json: no piece for what is unknown`},
		{files{"spiece.model": "\xff"}, `hf_tokenizer_name "timm/X": spiece.model: unexpected EOF`},
		{files{"open_clip_config.json": strings.Replace(config, "canonicalize", "lower", 1)},
			`hf_tokenizer_name "timm/X" is not supported without clean: "canonicalize"`},
	} {
		if _, there := c.files["open_clip_config.json"]; !there {
			c.files["open_clip_config.json"] = config
		}
		if _, err := Open(writeDir(t, c.files)); err == nil || err.Error() != "open_clip_config.json: "+c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// openSmall opens a small vocabulary.
func openSmall(t testing.TB, name string) *Tokenizer {
	text, err := os.ReadFile(filepath.Join("testdata/pieces", name, "spiece.model"))
	if err != nil {
		t.Fatal(err)
	}
	u, err := parsePieces(text)
	if err != nil {
		t.Fatal(err)
	}
	return &Tokenizer{&sigLIP{u, HuggingFace}}
}

// TestPiecesRow fills rows: no start, the end, and the end again to the end; of a long text the first ids.
func TestPiecesRow(t *testing.T) {
	tok := openSmall(t, "identity")
	const text = "a photo of a cat"
	ids := tok.Append(nil, text)
	if end := tok.End(); end != 1 || !tok.Pieces() || tok.Size() != 400 {
		t.Errorf("end %d, pieces %v, size %d", end, tok.Pieces(), tok.Size())
	}
	for length := range len(ids) + 4 {
		row := slices.Repeat([]int32{-7}, length)
		tok.Encode(row, text)
		kept := max(0, min(len(ids), length-1))
		want := append(slices.Clone(ids[:kept]), slices.Repeat([]int32{1}, length-kept)...)
		if !slices.Equal(row, want) {
			t.Errorf("row %v, want %v", row, want)
		}
	}
	if got := tok.Decode(append(ids, 1, 1, 5)); got != text {
		t.Errorf("decoded to %q, want %q", got, text)
	}
	seen := map[string]bool{}
	for _, other := range []*Tokenizer{tok, tok.As(OpenCLIP), openSmall(t, "rules"), Default()} {
		if f := other.Fingerprint(); seen[f] {
			t.Errorf("%v has another's fingerprint", other.Flavour())
		} else {
			seen[f] = true
		}
	}
}

// FuzzPieces reads vocabularies, and makes ids of texts with those that are one.
func FuzzPieces(f *testing.F) {
	for _, name := range []string{"identity", "rules"} {
		text, err := os.ReadFile(filepath.Join("testdata/pieces", name, "spiece.model"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, "née cafe\u0301 ﬁne </s> Ａ１ ½ \xff")
	}
	f.Add(message(1, pieceA, 1, pieceUnk, 1, pieceEnd, 3, message(2, "\x04\x00\x00\x00\x00\x01\x00\x00a\x00")), "aab a")
	f.Fuzz(func(t *testing.T, model []byte, text string) {
		u, err := parsePieces(model)
		if err != nil {
			if bytes.ContainsAny([]byte(err.Error()), "\n\x1b") {
				t.Errorf("error is not one plain line: %q", err)
			}
			return
		}
		for _, flavour := range []Flavour{OpenCLIP, HuggingFace} {
			tok := &Tokenizer{&sigLIP{u, flavour}}
			ids := tok.Append(nil, text)
			for _, id := range ids {
				if id < 0 || int(id) >= tok.Size() {
					t.Fatalf("%v: id %d of %d", flavour, id, tok.Size())
				}
			}
			if decoded := tok.Decode(ids); !utf8.ValidString(decoded) && utf8.ValidString(text) && utf8.Valid(model) {
				t.Errorf("%v: decoded to %q", flavour, decoded)
			}
		}
	})
}

// FuzzUnigramJSON reads what may be a tokenizer.json.
func FuzzUnigramJSON(f *testing.F) {
	text, err := os.ReadFile("testdata/pieces/rules/tokenizer.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		var form unigramJSON
		if json.Unmarshal(text, &form) != nil {
			return
		}
		if u, err := form.unigram(); err == nil {
			(&Tokenizer{&sigLIP{u, OpenCLIP}}).Append(nil, "a b é")
		}
	})
}

func BenchmarkPieces(b *testing.B) {
	for _, flavour := range []Flavour{OpenCLIP, HuggingFace} {
		b.Run(flavour.String(), func(b *testing.B) {
			tok, row := openSmall(b, "identity").As(flavour), make([]int32, 64)
			for b.Loop() {
				tok.Encode(row, "A photo of two cats, sleeping on a red couch beside the remote control.")
			}
		})
	}
}
