package sources_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/sources"
)

// copyParquet copies files of testdata into a new folder, under other names.
func copyParquet(t testing.TB, names map[string]string) (dir string) {
	t.Helper()
	files := map[string]string{}
	for to, from := range names {
		text, err := os.ReadFile(parquetDir + from + ".parquet")
		if err != nil {
			t.Fatal(err)
		}
		files[to] = string(text)
	}
	return write(t, files)
}

func TestParquetFiles(t *testing.T) {
	dir := copyParquet(t, map[string]string{
		"a/10.parquet": "snappy", "a/9.parquet": "gzip", "b/c/1.PARQUET": "zstd", "_delta_log/1.parquet": "urls",
		".cache/1.parquet": "urls", "a/_tmp.parquet": "urls", "b/notes.txt": "snappy",
	})
	if err := os.Symlink("../b/notes.txt", filepath.Join(dir, "a/linked.parquet")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                                "a/9.parquet a/10.parquet a/linked.parquet b/c/1.PARQUET",
		dir + "/a/*.parquet":               "_tmp.parquet",
		dir + "/a/*9.parquet":              "9.parquet",
		dir + "/{a,b/*}":                   "a/9.parquet a/10.parquet a/linked.parquet b/c/1.PARQUET b/notes.txt",
		dir + "/a/{9..10}.parquet":         "9.parquet 10.parquet",
		dir + "/b/notes.txt":               "notes.txt",
		dir + "/[a-b]/{9,10,1}*.parquet":   "a/9.parquet a/10.parquet",
		dir + "/b/c":                       "1.PARQUET",
		filepath.Join(dir, "a", "{9,10}*"): "9.parquet 10.parquet",
	} {
		rows, err := readParquet(t, &sources.Parquet{Path: path})
		var lanes []string
		for _, r := range rows {
			lanes = append(lanes, r.lane)
		}
		got := strings.Join(slices.Compact(lanes), " ")
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, not %s", path, got, want)
		}
	}
}

func TestParquetFilesOfOtherColumns(t *testing.T) {
	for other, want := range map[string]string{
		"types":       `2.parquet: the columns are not those of the first file: no column "license" among "id", "image", "caption",`,
		"huggingface": `2.parquet: the columns are not those of the first file: no column "caption" among "image", "text", "label"`,
	} {
		dir := copyParquet(t, map[string]string{"1.parquet": "snappy", "2.parquet": other})
		rows, err := readParquet(t, &sources.Parquet{Path: dir, SkipCorrupt: true})
		if len(rows) != 20 || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d rows, %v\nnot %s", len(rows), err, want)
		}
	}
}

func TestParquetShards(t *testing.T) {
	dir := copyParquet(t, map[string]string{"a/1.parquet": "snappy", "b/2.parquet": "zstd"})
	all, err := readParquet(t, &sources.Parquet{Path: dir})
	if err != nil {
		t.Fatal(err)
	}
	shards, err := (&sources.Parquet{Path: dir}).Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var of []parquetRow
	for _, shard := range shards {
		text, err := json.Marshal(shard)
		if err != nil {
			t.Fatal(err)
		}
		var s sources.Shard
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		rows, err := readParquet(t, &sources.Parquet{Path: dir, Shard: &s})
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(rows)) != s.Rows || rows[0].offset != s.FirstRow || rows[0].lane != s.Lane() || s.Bytes < 100 {
			t.Errorf("%+v: %d rows from %d in lane %s", s, len(rows), rows[0].offset, rows[0].lane)
		}
		of = append(of, rows...)
	}
	if len(shards) != 6 || shards[4].Lane() != "b/2.parquet#1" {
		t.Errorf("shards %+v", shards)
	}
	for i := range of {
		of[i].lane = all[i].lane
	}
	if !slices.Equal(brief(of), brief(all)) {
		t.Errorf("the shards hold\n%s\nnot\n%s", strings.Join(brief(of), "\n"), strings.Join(brief(all), "\n"))
	}
	for _, s := range []sources.Shard{
		{File: "a/1.parquet", RowGroup: 3, Rows: 7}, {File: "a/1.parquet", RowGroup: -1}, {File: "a/1.parquet", RowGroup: 1, FirstRow: 7, Rows: 8},
		{File: "../x.parquet"}, {File: "a/3.parquet"}, {File: "/etc/passwd"}, {File: "a"},
	} {
		if rows, err := readParquet(t, &sources.Parquet{Path: dir, Shard: &s}); err == nil {
			t.Errorf("%+v: %d rows", s, len(rows))
		}
	}
}

func TestParquetResumes(t *testing.T) {
	dir := copyParquet(t, map[string]string{"1.parquet": "snappy", "2.parquet": "zstd", "3.parquet": "gzip"})
	first, err := os.ReadFile(filepath.Join(dir, "1.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	shards, err := (&sources.Parquet{Path: dir + "/1.parquet"}).Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The first row group of the first file is spoilt: resumed behind it, it must not be read.
	copy(first[4:], make([]byte, shards[0].Bytes))
	if err := os.WriteFile(filepath.Join(dir, "1.parquet"), first, 0o644); err != nil {
		t.Fatal(err)
	}
	var asked []string
	resume := func(at map[string]int64) func(context.Context, string) (int64, bool, error) {
		asked = nil
		return func(_ context.Context, lane string) (int64, bool, error) {
			asked = append(asked, lane)
			next, ok := at[lane]
			return next, ok, nil
		}
	}
	rows, err := readParquet(t, &sources.Parquet{Path: dir, Resume: resume(map[string]int64{"1.parquet": 9, "2.parquet": 20})})
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 11+20 || rows[0].offset != 9 || rows[0].id != "p9" || len(rows[0].image) != 85 || rows[11].lane != "3.parquet" {
		t.Errorf("rows %s", strings.Join(brief(rows), "\n"))
	}
	if strings.Join(asked, " ") != "1.parquet 2.parquet 3.parquet" {
		t.Errorf("asked for %v", asked)
	}
	for _, next := range []int64{-1, 21} {
		if _, err := readParquet(t, &sources.Parquet{Path: dir + "/2.parquet", Resume: resume(map[string]int64{"2.parquet": next})}); err == nil ||
			!strings.HasSuffix(err.Error(), fmt.Sprintf("2.parquet: it has 20 rows, and cannot be resumed at offset %d", next)) {
			t.Errorf("resumed at %d: %v", next, err)
		}
	}
	shard := &sources.Shard{File: "2.parquet", RowGroup: 1, FirstRow: 7, Rows: 7}
	rows, err = readParquet(t, &sources.Parquet{Path: dir, Shard: shard, Resume: resume(map[string]int64{"2.parquet#1": 12})})
	if err != nil || len(rows) != 2 || rows[0].offset != 12 {
		t.Errorf("shard: %v, %v", brief(rows), err)
	}
}

// TestParquetResumesAnywhere resumes among the captions of a row, too.
func TestParquetResumesAnywhere(t *testing.T) {
	all, err := readParquet(t, &sources.Parquet{Path: parquetDir + "lists.parquet", AllCaptions: true})
	if err != nil {
		t.Fatal(err)
	}
	want := brief(all)
	for i, r := range all {
		rows, err := readParquet(t, &sources.Parquet{Path: parquetDir + "lists.parquet", AllCaptions: true,
			Resume: func(context.Context, string) (int64, bool, error) { return r.offset + 1, true, nil }})
		if err != nil {
			t.Fatal(err)
		}
		if got := brief(rows); !slices.Equal(got, want[i+1:]) {
			t.Fatalf("resumed behind %s:\n%s\nnot\n%s", want[i], strings.Join(got, "\n"), strings.Join(want[i+1:], "\n"))
		}
	}
}
