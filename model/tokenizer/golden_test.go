package tokenizer_test

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/pairstream/pairstream/model/tokenizer"
)

// readLines reads a file of JSON lines.
func readLines[T any](t testing.TB, name string) (rows []T) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// A goldenRow is a text, or its bytes where it is not UTF-8, and what the original tokenizer makes of it.
type goldenRow struct {
	Text, Hex string
	Category  string `json:"cat"`
	IDs       []int32
}

func golden(t testing.TB) []goldenRow {
	rows := readLines[goldenRow](t, "testdata/tokens.jsonl")
	for i := range rows {
		if rows[i].Hex != "" {
			raw, err := hex.DecodeString(rows[i].Hex)
			if err != nil {
				t.Fatal(err)
			}
			rows[i].Text = string(raw)
		}
	}
	return rows
}

// ftfy takes these texts, which are not of category mojibake, for wrongly decoded all the same.
var repaired = []string{"Ä°", "Æ¸", "Ñ±", "Ø§"}

func TestGolden(t *testing.T) {
	tok := tokenizer.Default()
	var compared, mojibake, same int
	var differ []string
	for _, row := range golden(t) {
		got := tok.Append(nil, row.Text)
		equal := slices.Equal(got, row.IDs)
		switch {
		case row.Category == "mojibake":
			mojibake++
			if equal {
				same++
			}
			continue
		case !equal && slices.Contains(repaired, row.Text):
			differ = append(differ, row.Text)
		case !equal:
			t.Errorf("%s %q:\n got %v\nwant %v", row.Category, row.Text, got, row.IDs)
		}
		compared++
	}
	if slices.Sort(differ); !slices.Equal(differ, repaired) {
		t.Errorf("repaired by ftfy: %q, want %q", differ, repaired)
	}
	t.Logf("%d rows, of which %d differ because ftfy repairs their encoding: %q", compared, len(differ), differ)
	t.Logf("besides, %d of %d rows of category mojibake are the same", same, mojibake)
	if compared != 960 || mojibake != 40 {
		t.Errorf("%d and %d rows, want 960 and 40", compared, mojibake)
	}
}

// TestReference compares the flavours with the packages they are named after (testdata/make_reference.py).
func TestReference(t *testing.T) {
	type reference struct {
		Text        string
		OpenAI      []int32
		OpenCLIP    []int32 `json:"open_clip"`
		HuggingFace []int32
		Repaired    bool
	}
	counts := map[tokenizer.Flavour]int{}
	for _, row := range readLines[reference](t, "testdata/reference.jsonl") {
		for flavour, want := range map[tokenizer.Flavour][]int32{
			tokenizer.OpenAI: row.OpenAI, tokenizer.OpenCLIP: row.OpenCLIP, tokenizer.HuggingFace: row.HuggingFace,
		} {
			if want == nil || row.Repaired && flavour != tokenizer.HuggingFace {
				continue
			}
			counts[flavour]++
			if got := tokenizer.Default().As(flavour).Append(nil, row.Text); !slices.Equal(got, want) {
				t.Errorf("%v: %q:\n got %v\nwant %v", flavour, row.Text, got, want)
			}
		}
	}
	t.Logf("texts compared: %v", counts)
	for flavour := tokenizer.OpenAI; flavour <= tokenizer.HuggingFace; flavour++ {
		if counts[flavour] < 250 {
			t.Errorf("%v: only %d texts compared", flavour, counts[flavour])
		}
	}
}
