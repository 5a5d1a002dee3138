package sources_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
)

// listDir makes a folder with a picture a.png and a list, and links that leave it.
func listDir(t *testing.T, list string) (dir, path string) {
	t.Helper()
	dir = write(t, map[string]string{"in/a.png": "A", "in/sub/b.jpg": "B", "in/large.png": strings.Repeat("x", 101), "out.png": "OUT", "in/list": list})
	for link, target := range map[string]string{"inside": "sub/b.jpg", "outside": "../out.png", "up": ".."} {
		if err := os.Symlink(target, filepath.Join(dir, "in", link)); err != nil {
			t.Fatal(err)
		}
	}
	dir = filepath.Join(dir, "in")
	return dir, filepath.Join(dir, "list")
}

func TestList(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, test := range []struct {
		name string
		list string
		want []string
	}{
		{"csv", "\ufefffile,Caption,url,\r\na.png,\"a, \"\"b\"\"\nc\",http://x,\r\n\r\nsub/b.jpg,b,,4\r\n", []string{
			`DIR/list:2 "a.png" "A" "a, \"b\"\nc" url="http://x" column_4=""`,
			`DIR/list:5 "sub/b.jpg" "B" "b" url="" column_4="4"`,
		}},
		{"tsv", "TITLE\tFilePath\ta b\n\"a \"\"b\"\"\"\ta.png\t\"c\n\"a\" b\tsub/b.jpg\td\"\n\n\"x\n", []string{
			`DIR/list:2 "a.png" "A" "a \"b\"" a b="\"c"`,
			`DIR/list:3 "sub/b.jpg" "B" "\"a\" b" a b="d\""`,
			`DIR/list:5 "" bad: 1 fields, not 3`,
		}},
		{"jsonl", `{"text":"a","path":"a.png","n":1.50,"s":"x","b":true,"l":[1, {"k":null}],"z":null}` + "\n\n" +
			`  {"path":"sub/b.jpg","text":"\u00fc","s":"\ud83d\ude00","more":7,"n":null}  ` + "\n", []string{
			`DIR/list:1 "a.png" "A" "a" n="1.50" s="x" b="true" l="[1,{\"k\":null}]" z=null`,
			`DIR/list:3 "sub/b.jpg" "B" "ü" n=null s="😀" b=null l=null z=null`,
		}},
		{"ids", "key,image,text\n17,a.png,a\n,a.png,a\n", []string{
			`DIR/list:2 "17" "A" "a"`,
			`DIR/list:3 "" bad: it has no id`,
		}},
		{"numbers for ids", `{"id":17,"image":"a.png","text":"a"}`, []string{`DIR/list:1 "17" "A" "a"`}},
		{"names of the pipeline", "file,caption,score,similarity,source_score,id\na.png,a,1,2,3,4\n", []string{
			`DIR/list:2 "4" "A" "a" source_source_score="1" source_similarity="2" source_score="3"`,
		}},
		{"pictures", "file\tcaption\n\ta\nnone.png\ta\n../out.png\ta\n/etc/passwd\ta\nsub/../a.png\ta\noutside\ta\nup/out.png\ta\n" +
			"inside\tb\nsub\ta\nlarge.png\ta\na\x00b\ta\n.\ta\na.png/b\ta\n", []string{
			`DIR/list:2 "" bad: it has no picture`,
			`DIR/list:3 "none.png" bad: "none.png": no such file or directory`,
			`DIR/list:4 "../out.png" bad: "../out.png" is not a path within the folder DIR`,
			`DIR/list:5 "/etc/passwd" bad: "/etc/passwd" is not a path within the folder DIR`,
			`DIR/list:6 "sub/../a.png" "A" "a"`,
			`DIR/list:7 "outside" bad: "outside": path escapes from parent`,
			`DIR/list:8 "up/out.png" bad: "up/out.png": path escapes from parent`,
			`DIR/list:9 "inside" "B" "b"`,
			`DIR/list:10 "sub" bad: "sub" is not a regular file`,
			`DIR/list:11 "large.png" bad: "large.png" has 101 bytes: the limit is 100`,
			`DIR/list:12 "a\x00b" bad: "a\x00b": invalid argument`,
			`DIR/list:13 "." bad: "." is not a regular file`,
			`DIR/list:14 "a.png/b" bad: "a.png/b": not a directory`,
		}},
		{"captions", "file\tcaption\na.png\t\na.png\t \u00a0\na.png\tna\xefve\na.png\ta\n", []string{
			`DIR/list:2 "a.png" bad: it has no caption`,
			`DIR/list:3 "a.png" bad: it has no caption`,
			`DIR/list:4 "" bad: the line is not UTF-8`,
			`DIR/list:5 "a.png" "A" "a"`,
		}},
		{"csv quotes", "file,caption\na.png,5\" pipe\na.png,\"a\" b\na.png,a\na.png,\"open\nsub/b.jpg,b\na.png,\"x\"\n", []string{
			`DIR/list:2 "" bad: bare " in non-quoted-field`,
			`DIR/list:3 "" bad: extraneous or missing " in quoted-field`,
			`DIR/list:4 "a.png" "A" "a"`,
			`DIR/list:5 "" bad: a quote is not closed`,
			`DIR/list:6 "sub/b.jpg" "B" "b"`,
			`DIR/list:7 "a.png" "A" "x"`,
		}},
		{"csv quote to the end", "file,caption\na.png,\"open\nsub/b.jpg,b\n\na.png,a", []string{
			`DIR/list:2 "" bad: a quote is not closed`,
			`DIR/list:3 "sub/b.jpg" "B" "b"`,
			`DIR/list:5 "a.png" "A" "a"`,
		}},
		{"csv quote over a line that is not UTF-8", "file,caption\na.png,\"open\nna\xefve\",b\na.png,a\n", []string{
			`DIR/list:2 "" bad: a quote is not closed`,
			`DIR/list:3 "" bad: the line is not UTF-8`,
			`DIR/list:4 "a.png" "A" "a"`,
		}},
		{"csv record that is too long", "file,caption\na.png,\"" + strings.Repeat(long[:1<<19]+"\n", 3) + "\"\na.png,a\n", []string{
			`DIR/list:2 "" bad: a quote is not closed`,
			`DIR/list:3 "" bad: 1 fields, not 2`,
			`DIR/list:4 "" bad: 1 fields, not 2`,
			`DIR/list:5 "" bad: a quote is not closed`,
			`DIR/list:6 "a.png" "A" "a"`,
		}},
		{"long lines", "file\tcaption\na.png\t" + long + "\na.png\t" + long[:len(long)-6] + "\na.png\ta", []string{
			`DIR/list:2 "" bad: the line has more than 1048576 bytes`,
			`DIR/list:3 "a.png" "A" "` + long[:len(long)-6] + `"`,
			`DIR/list:4 "a.png" "A" "a"`,
		}},
		{"json", `{"file":"a.png","caption":"a"}` + "\n" + `{"file":"a.png","caption":"a"` + "\n" + `["a.png","a"]` + "\nnull\n" +
			`{"file":["a.png"],"caption":"a"}` + "\n" + `{"file":"a.png","caption":{"en":"a cat on a mat, and a dog on a log too"}}` + "\n" +
			`{"file":"a.png","caption":null}` + "\n" + `{"caption":"a"}` + "\n" + `{"file":"a.png","caption":"a"}{}` + "\n" +
			`{"file":"none","file":"a.png","caption":"a"}`, []string{
			`DIR/list:1 "a.png" "A" "a"`,
			`DIR/list:2 "" bad: not a JSON object: unexpected end of JSON input`,
			`DIR/list:3 "" bad: not a JSON object`,
			`DIR/list:4 "" bad: not a JSON object`,
			`DIR/list:5 "[\"a.png\"]" bad: the picture's path is ["a.png"], not a string`,
			`DIR/list:6 "a.png" bad: the caption is {"en":"a cat on a mat, and a dog on a lo…, not a string`,
			`DIR/list:7 "a.png" bad: it has no caption`,
			`DIR/list:8 "" bad: it has no picture`,
			`DIR/list:9 "" bad: not a JSON object: invalid character '{' after top-level value`,
			`DIR/list:10 "a.png" "A" "a"`,
		}},
		{"csv record of many lines", "file,caption\na.png,\"" + strings.Repeat("\n", 1023) + "\"\na.png,\"" + strings.Repeat("\n", 1024) + "\"\na.png,a\n", []string{
			`DIR/list:2 "a.png" bad: it has no caption`,
			`DIR/list:1026 "" bad: a quote is not closed`,
			`DIR/list:2050 "" bad: a quote is not closed`,
			`DIR/list:2051 "a.png" "A" "a"`,
		}},
		{"only a header", "file,caption\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, path := listDir(t, test.list)
			compare(t, dir, read(t, &sources.List{Path: path, Limits: sources.Limits{Picture: 100, Rows: 2}}), test.want...)
		})
	}
}

func TestListColumns(t *testing.T) {
	const list = "a\tfile\tb\tcaption\nnone\ta.png\tthe b\tthe caption\n"
	dir, path := listDir(t, list)
	for _, test := range []struct {
		list *sources.List
		want string
	}{
		{&sources.List{}, `DIR/list:2 "a.png" "A" "the caption" a="none" b="the b"`},
		{&sources.List{CaptionColumn: "b", IDColumn: "a"}, `DIR/list:2 "none" "A" "the b" source_caption="the caption"`},
		{&sources.List{ImageColumn: "a", IDColumn: "file"}, `DIR/list:2 "a.png" bad: "none": no such file or directory`},
		{&sources.List{CaptionColumn: "A"}, `open: DIR/list: no column "A" among "a", "file", "b", "caption"`},
		{&sources.List{IDColumn: "id"}, `open: DIR/list: no column "id" among "a", "file", "b", "caption"`},
		{&sources.List{Dir: filepath.Join(dir, "sub")}, `DIR/list:2 "a.png" bad: "a.png": no such file or directory`},
		{&sources.List{Dir: filepath.Join(dir, "none")}, `open: "DIR/none": no such file or directory`},
	} {
		test.list.Path = path
		compare(t, dir, read(t, test.list), test.want)
	}
}

func TestListErrors(t *testing.T) {
	for _, test := range []struct{ name, list, want string }{
		{"empty", "\n\n", `open: DIR/list: the list is empty`},
		{"without a header", "a cat\thttp://example.com/a/very/long/address/of/a/picture.jpg\n",
			`open: DIR/list: none of the columns "a cat", "http://example.com/a/very/long/address/o…" is called file, filepath, file_path, path, image, image_path, filename, file_name: name one as ImageColumn (in an address: ?image=), or put a header line first`},
		{"without a caption", "file,a,b,c,d,e,f,g,h\n",
			`open: DIR/list: none of the columns "file", "a", "b", "c", "d", "e", "f", "g", … is called caption, title, text, txt: name one as CaptionColumn (in an address: ?caption=), or put a header line first`},
		{"twice", "file,caption,caption\n", `open: DIR/list: two columns are named "caption"`},
		{"too many", "file,caption" + strings.Repeat(",", 1023), `open: DIR/list: 1025 columns: the limit is 1024`},
		{"not UTF-8", "\nfile,caption,na\xefve\n", `open: DIR/list: line 2: the line is not UTF-8`},
		{"too long", strings.Repeat("x", 1<<20+1), `open: DIR/list: line 1: the line has more than 1048576 bytes`},
		{"broken header", "file,\"caption\na,b\n", `open: DIR/list: line 1: a quote is not closed`},
		{"broken object", "{\"file\":\n", `open: DIR/list: line 1: not a JSON object: unexpected end of JSON input`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, path := listDir(t, test.list)
			compare(t, dir, read(t, &sources.List{Path: path}), test.want)
		})
	}
	dir := t.TempDir()
	compare(t, dir, read(t, &sources.List{Path: filepath.Join(dir, "none.csv")}), `open: "DIR/none.csv": no such file or directory`)
	compare(t, dir, read(t, &sources.List{Path: dir}), `open: DIR: read DIR: is a directory`)
}

// TestListLikePython reads what Python's csv module wrote.
func TestListLikePython(t *testing.T) {
	text, err := os.ReadFile("testdata/lists.json")
	if err != nil {
		t.Fatal(err)
	}
	var lists map[string][]string
	if err := json.Unmarshal(text, &lists); err != nil {
		t.Fatal(err)
	}
	if len(lists) != 2 {
		t.Fatalf("%d lists, not 2", len(lists))
	}
	dir := write(t, map[string]string{"a.png": "A"})
	for name, captions := range lists {
		rows := read(t, &sources.List{Path: filepath.Join("testdata", name), Dir: dir})
		if len(rows) != len(captions) {
			t.Errorf("%s: %d rows of %d", name, len(rows), len(captions))
		}
		for i := range min(len(rows), len(captions)) {
			caption := strings.ReplaceAll(captions[i], "\r\n", "\n") // as encoding/csv has it
			if want := fmt.Sprintf(`"a.png" "A" %q n="%d"`, caption, i); !strings.HasSuffix(rows[i], want) && strings.TrimSpace(caption) != "" {
				t.Errorf("%s: %s, not %s", name, rows[i], want)
			}
		}
	}
}

// stdinList returns a list on standard input, which is file until the test ends.
func stdinList(t *testing.T, file *os.File, dir string) *sources.List {
	t.Helper()
	stdin := os.Stdin
	os.Stdin = file
	t.Cleanup(func() {
		os.Stdin = stdin
		file.Close()
	})
	return &sources.List{Path: "-", Dir: dir}
}

func TestListOnStandardInput(t *testing.T) {
	dir := write(t, map[string]string{"a.png": "A"})
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := stdinList(t, reader, dir)
	const rows = 20_000 // more than any buffer on the way holds
	go func() {
		defer writer.Close()
		fmt.Fprintln(writer, "file,caption")
		for i := range rows {
			fmt.Fprintf(writer, "a.png,%d\n", i)
		}
	}()
	got := read(t, s)
	if len(got) != rows || got[rows-1] != fmt.Sprintf(`standard input:%d "a.png" "A" "%d"`, rows+1, rows-1) {
		t.Errorf("%d rows, the last %s", len(got), got[len(got)-1])
	}
	if s.Progress() != 0 {
		t.Errorf("progress %v of a pipe", s.Progress())
	}
}

func TestAListThatWaitsIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(pipetest.Context(t))
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	s := stdinList(t, reader, t.TempDir())
	if _, err := io.WriteString(writer, "file,caption\n"); err != nil {
		t.Fatal(err)
	}
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := s.Read(ctx)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, not the context's error", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestClosingAListThatWaits(t *testing.T) {
	ctx := pipetest.Context(t)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	s := stdinList(t, reader, t.TempDir())
	if _, err := io.WriteString(writer, "file,caption\n"); err != nil {
		t.Fatal(err)
	}
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(writer, "x"); err != nil {
		t.Errorf("standard input was closed: %v", err)
	}
	if n, err := reader.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("standard input cannot be read any more: %v", err)
	}
}
