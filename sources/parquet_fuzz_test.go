package sources

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// FuzzParquet: whatever a file holds, reading it ends, with rows or an error.
func FuzzParquet(f *testing.F) {
	names, err := filepath.Glob("testdata/parquet/*.parquet")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		whole, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(whole)
	}
	path := filepath.Join(f.TempDir(), "x.parquet")
	f.Fuzz(func(t *testing.T, whole []byte) {
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			t.Fatal(err)
		}
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		defer mem.AssertSize(t, 0)
		ctx := batch.WithAllocator(t.Context(), mem)
		p := &Parquet{Path: path, AllCaptions: true}
		if p.Open(ctx) != nil {
			return
		}
		defer p.Close()
		last := int64(-1)
		for {
			pairs, err := p.Read(ctx)
			if pairs.Record == nil {
				if err == nil {
					t.Error("neither rows nor an error")
				}
				return
			}
			for _, offset := range pairs.Column(4).(*array.Int64).Int64Values() {
				if offset <= last {
					t.Errorf("offset %d after %d", offset, last)
				}
				last = offset
			}
			pairs.Release()
		}
	})
}

// FuzzWhere: what can be read as conditions means the same when it is written anew.
func FuzzWhere(f *testing.F) {
	for _, seed := range []string{"width >= 256 && similarity>0.28", `license == "cc-by" && ok!=true`, "a<'x && y'", "a == 1e9 &&", `a == "\"&&"`, ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		conditions, err := parseWhere(text)
		if err != nil {
			return
		}
		var again []string
		for _, c := range conditions {
			literal := fmt.Sprint(c.literal)
			switch v := c.literal.(type) {
			case string:
				literal = strconv.Quote(v)
			case float64:
				literal = strconv.FormatFloat(v, 'e', -1, 64)
			}
			again = append(again, c.column+c.operator+literal)
		}
		reread, err := parseWhere(strings.Join(again, "&&"))
		if err != nil || !slices.Equal(reread, conditions) {
			t.Errorf("%q: %v, and anew %v, %v", text, conditions, reread, err)
		}
	})
}
