package sources_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pairstream/pairstream/sources"
)

func TestFolder(t *testing.T) {
	long := strings.Repeat("x", 1<<20+1)
	dir := write(t, map[string]string{
		"img10.jpg": "TEN", "img10.txt": " ten\r\n",
		"img2.PNG": "TWO", "img2.txt": "\ufefftwo",
		"img02.webp": "OTHER TWO", "img02.txt": "other two",
		"b/c/deep.jpeg": "DEEP", "b/c/deep.txt": "deep",
		"a.b.gif": "DOTS", "a.b.txt": "dots",
		"none.jpg":  "NO CAPTION",
		"blank.jpg": "BLANK", "blank.txt": " \n",
		"latin.jpg": "LATIN", "latin.txt": "na\xefve",
		"long.jpg": "LONG", "long.txt": long,
		"large.jpg": strings.Repeat("x", 101), "large.txt": "large",
		"empty.jpg": "", "empty.txt": "empty",
		"notes.md": "no picture", "lone.txt": "no picture",
		".hidden.jpg": "HIDDEN", ".hidden.txt": "hidden", ".git/x.jpg": "GIT",
	})
	outside := write(t, map[string]string{"secret.jpg": "SECRET", "secret.txt": "secret"})
	for link, target := range map[string]string{
		"link.jpg": "img10.jpg", "link.txt": "img10.txt",
		"out.jpg": filepath.Join(outside, "secret.jpg"), "out.txt": "img10.txt",
		"tell.jpg": "img10.jpg", "tell.txt": filepath.Join(outside, "secret.txt"),
		"loop": ".", "dead.jpg": "nowhere.jpg", "dead.txt": "img10.txt",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.txt"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pipe.jpg"), []byte("PIPE"), 0o644); err != nil {
		t.Fatal(err)
	}
	compare(t, dir, read(t, &sources.Folder{Path: dir, Limits: sources.Limits{Picture: 100, Rows: 3}}),
		`DIR:0 "a.b.gif" "DOTS" "dots"`,
		`DIR:1 "b/c/deep.jpeg" "DEEP" "deep"`,
		`DIR:2 "blank.jpg" bad: it has no caption`,
		`DIR:3 "dead.jpg" bad: "dead.jpg": no such file or directory`,
		`DIR:4 "empty.jpg" bad: "empty.jpg" is empty`,
		`DIR:5 "img2.PNG" "TWO" "two"`,
		`DIR:6 "img02.webp" "OTHER TWO" "other two"`,
		`DIR:7 "img10.jpg" "TEN" "ten"`,
		`DIR:8 "large.jpg" bad: "large.jpg" has 101 bytes: the limit is 100`,
		`DIR:9 "latin.jpg" bad: the caption is not UTF-8`,
		`DIR:10 "link.jpg" "TEN" "ten"`,
		`DIR:11 "long.jpg" bad: "long.txt" has 1048577 bytes: the limit is 1048576`,
		`DIR:12 "none.jpg" bad: "none.txt": no such file or directory`,
		`DIR:13 "out.jpg" bad: "out.jpg": path escapes from parent`,
		`DIR:14 "pipe.jpg" bad: "pipe.txt" is not a regular file`,
		`DIR:15 "tell.jpg" bad: "tell.txt": path escapes from parent`,
	)
}

func TestFolderWithList(t *testing.T) {
	dir := write(t, map[string]string{
		"captions.csv": "image,title\nsub/a.jpg,listed\nb.jpg,\n",
		"sub/a.jpg":    "A", "sub/a.txt": "beside it", "b.jpg": "B", "b.txt": "b", "c.jpg": "C", "c.txt": "c",
		"sub/captions.tsv": "no list of this folder",
	})
	compare(t, dir, read(t, &sources.Folder{Path: dir}),
		`DIR/captions.csv:2 "sub/a.jpg" "A" "listed"`,
		`DIR/captions.csv:3 "b.jpg" bad: it has no caption`,
	)
}

func TestFolderErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		sub   string
		want  string
	}{
		{"missing", nil, "/none", `open: "DIR/none": no such file or directory`},
		{"a file", map[string]string{"a.jpg": ""}, "/a.jpg", `open: "DIR/a.jpg": not a directory`},
		{"no pictures", map[string]string{"a.txt": ""}, "",
			`open: DIR: no pictures (.jpg, .png, .jpeg, .webp, .gif) and no captions.tsv, .csv or .jsonl in it`},
		{"two lists", map[string]string{"captions.jsonl": "", "captions.csv": ""}, "",
			`open: DIR: it has captions.csv and captions.jsonl: read one as list:DIR/captions.csv`},
		{"broken list", map[string]string{"captions.jsonl": "{"}, "",
			`open: DIR/captions.jsonl: line 1: not a JSON object: unexpected end of JSON input`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := write(t, test.files)
			compare(t, dir, read(t, &sources.Folder{Path: dir + test.sub}), test.want)
		})
	}
}

func TestFolderNameThatIsNotUTF8(t *testing.T) {
	dir := write(t, map[string]string{"a.jpg": "A", "a.txt": "a"})
	if err := os.WriteFile(filepath.Join(dir, "na\xefve.jpg"), []byte("N"), 0o644); err != nil {
		t.Skip(err) // a file system that wants UTF-8
	}
	compare(t, dir, read(t, &sources.Folder{Path: dir}),
		`DIR:0 "a.jpg" "A" "a"`,
		`DIR:1 "na�ve.jpg" bad: the name "na\xefve.jpg" is not UTF-8`,
	)
}
