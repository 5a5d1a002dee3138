package sources_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
)

type source = pipeline.Source[batch.Pairs]

// read reads a source to its end and returns its rows, a line each: origin, id, picture, caption and further columns, or
// what is wrong. Whatever ends the source comes last.
func read(t *testing.T, s source) []string {
	t.Helper()
	ctx := pipetest.Context(t)
	if o, ok := s.(pipeline.Opener); ok {
		if err := o.Open(ctx); err != nil {
			return []string{"open: " + err.Error()}
		}
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	var lines []string
	for {
		b, err := s.Read(ctx)
		if errors.Is(err, io.EOF) {
			return lines
		}
		var bad pipeline.RowErrors
		if err != nil && !errors.As(err, &bad) {
			return append(lines, "read: "+err.Error())
		}
		lines = append(lines, show(b, bad)...)
		b.Release()
	}
}

// show returns the rows of a batch.
func show(b batch.Pairs, bad pipeline.RowErrors) []string {
	var lines []string
	for i := range b.NumRows() {
		id, origin := b.Label(i)
		if k := slices.IndexFunc(bad, func(e pipeline.RowError) bool { return e.Row == i }); k >= 0 {
			lines = append(lines, fmt.Sprintf("%s %q bad: %v", origin, id, bad[k].Err))
			continue
		}
		caption, _ := b.Caption(int(i))
		line := fmt.Sprintf("%s %q %q %q", origin, id, b.Picture(int(i)), caption)
		for c := 5; c < int(b.NumCols()); c++ {
			value := "null"
			if column := b.Column(c).(*array.String); column.IsValid(int(i)) {
				value = fmt.Sprintf("%q", column.Value(int(i)))
			}
			line += fmt.Sprintf(" %s=%s", b.ColumnName(c), value)
		}
		lines = append(lines, line)
	}
	return lines
}

// compare compares the rows of a source with what they should be. DIR in these is the folder of the test's files, where
// it has any.
func compare(t *testing.T, dir string, got []string, want ...string) {
	t.Helper()
	for i, line := range got {
		if dir != "" {
			got[i] = strings.ReplaceAll(line, dir, "DIR")
		}
	}
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing %s", want[i])
		case i >= len(want):
			t.Errorf("too much: %s", got[i])
		case got[i] != want[i]:
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
}

// write makes files in a new folder.
func write(t testing.TB, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tarOf makes a tar of names and texts in turn.
func tarOf(t testing.TB, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		header := &tar.Header{Name: members[i], Mode: 0o644, Size: int64(len(members[i+1]))}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, members[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSourcesKeepTheContract(t *testing.T) {
	dir := write(t, map[string]string{
		"folder/a.png": "A", "folder/a.txt": "a", "folder/b.jpg": "B", "folder/b.txt": "b", "folder/c.gif": "C",
		"list.csv":   "file,caption,n\nfolder/a.png,a,1\nfolder/none.png,none,2\nfolder/b.jpg,b,3\n",
		"list.tsv":   "file\tcaption\nfolder/a.png\ta\nbroken\nfolder/b.jpg\tb\n",
		"list.jsonl": `{"file":"folder/a.png","caption":"a"}` + "\n{\n" + `{"file":"folder/b.jpg","caption":"b"}` + "\n",
		"0.tar":      tarOf(t, "a.jpg", "A", "a.txt", "a", "b.jpg", "B"),
		"1.tar":      tarOf(t, "c.jpg", "C", "c.json", `{"caption":"c"}`),

		"listed/a.png": "A", "listed/captions.tsv": "file\tcaption\na.png\ta\na.png\tthe same\n",
	})
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, make := range map[string]func() source{
		"folder":           func() source { return &sources.Folder{Path: path("folder")} },
		"folder with list": func() source { return &sources.Folder{Path: path("listed")} },
		"csv":              func() source { return &sources.List{Path: path("list.csv")} },
		"tsv":              func() source { return &sources.List{Path: path("list.tsv")} },
		"jsonl":            func() source { return &sources.List{Path: path("list.jsonl")} },
		"tar":              func() source { return &sources.Tar{Paths: []string{path("{0..1}.tar")}} },
		"scenes":           func() source { return &sources.Scenes{N: 3, Size: 8} },
		"pictures":         func() source { return &sources.Pictures{Paths: []string{path("folder/a.png"), path("none")}} },
		"slice":            func() source { return &sources.Slice{Pairs: []sources.Pair{{ID: "a"}, {ID: "b"}}} },
	} {
		t.Run(name, func(t *testing.T) {
			pipetest.TestSource(t, make)
			t.Run("can be run again", func(t *testing.T) {
				s := make()
				first := read(t, s)
				if progress := s.(sources.Gauge).Progress(); progress != 1 {
					t.Errorf("progress %v at the end", progress)
				}
				if again := read(t, s); !slices.Equal(again, first) {
					t.Errorf("%q after %q", again, first)
				}
			})
		})
	}
}

func TestLimits(t *testing.T) {
	var pairs []sources.Pair
	for i, size := range []int{10, 10, 10, 200, 10, 60, 60, 10, 10} {
		pairs = append(pairs, sources.Pair{ID: fmt.Sprint(i), Image: make([]byte, size)})
	}
	for _, test := range []struct {
		limits sources.Limits
		want   string // ids, a bar between batches
	}{
		{sources.Limits{}, "012345678"},
		{sources.Limits{Rows: 4}, "0123|4567|8"},
		{sources.Limits{Rows: 1}, "0|1|2|3|4|5|6|7|8"},
		{sources.Limits{Bytes: 100}, "012|3|45|678"}, // each row has 6 bytes of id and lane
		{sources.Limits{Bytes: 1}, "0|1|2|3|4|5|6|7|8"},
		{sources.Limits{Rows: 2, Bytes: 100}, "01|2|3|45|67|8"},
	} {
		s := &sources.Slice{Pairs: pairs, Limits: test.limits}
		ctx := pipetest.Context(t)
		if err := s.Open(ctx); err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			b, err := s.Read(ctx)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			ids := ""
			for i := range b.NumRows() {
				id, _ := b.Label(i)
				ids += id
			}
			got = append(got, ids)
			b.Release()
		}
		if joined := strings.Join(got, "|"); joined != test.want {
			t.Errorf("%+v: %s, not %s", test.limits, joined, test.want)
		}
	}
}

func TestSlice(t *testing.T) {
	pairs := []sources.Pair{{ID: "a", Image: []byte("A"), Caption: "a"}, {ID: "b", Caption: "na\xefve"}, {ID: "c"}}
	compare(t, "", read(t, &sources.Slice{Pairs: pairs}),
		`slice:0 "a" "A" "a"`, `slice:1 "b" bad: the caption is not UTF-8`, `slice:2 "c" "" ""`)
}

func TestPictures(t *testing.T) {
	dir := write(t, map[string]string{"a.jpg": "A", "large.jpg": strings.Repeat("x", 101), "empty.jpg": ""})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.jpg"), 0o644); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, name := range []string{"a.jpg", "none.jpg", "large.jpg", "empty.jpg", "pipe.jpg", "", "a.jpg", "na\xefve.jpg"} {
		paths = append(paths, filepath.Join(dir, name))
	}
	compare(t, dir, read(t, &sources.Pictures{Paths: paths, Limits: sources.Limits{Picture: 100}}),
		`pictures:0 "DIR/a.jpg" "A" ""`,
		`pictures:1 "DIR/none.jpg" bad: "DIR/none.jpg": no such file or directory`,
		`pictures:2 "DIR/large.jpg" bad: "DIR/large.jpg" has 101 bytes: the limit is 100`,
		`pictures:3 "DIR/empty.jpg" bad: "DIR/empty.jpg" is empty`,
		`pictures:4 "DIR/pipe.jpg" bad: "DIR/pipe.jpg" is not a regular file`,
		`pictures:5 "DIR" bad: "DIR" is not a regular file`,
		`pictures:6 "DIR/a.jpg" "A" ""`,
		`pictures:7 "DIR/na�ve.jpg" bad: the name "DIR/na\xefve.jpg" is not UTF-8`,
	)
}
