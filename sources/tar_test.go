package sources_test

import (
	"bytes"
	"compress/gzip"
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

func TestTar(t *testing.T) {
	large := strings.Repeat("x", 101)
	dir := write(t, map[string]string{"0.tar": tarOf(t,
		"a.jpg", "A", "a.txt", " a\n", "a.json", `{"caption":"not this","url":"http://a","score":0.5,"n":[1, 2],"none":null}`,
		"b.JPG", "B", "b.json", `{"TEXT":"from json","more":"left out"}`,
		"c.png", "PNG", "c.jpg", "JPG", "c.gif", "GIF", "c.txt", "the first kind",
		"d.jpg", "D",
		"e.txt", "e",
		"f.jpg", "F", "f.txt", " ",
		"g.jpg", "G", "g.txt", "na\xefve",
		"h.jpg", large, "h.txt", "h",
		"i.jpg", "I", "i.txt", strings.Repeat("x", 1<<20+1),
		"j.jpg", "J", "j.json", strings.Repeat(" ", 1<<20+1),
		"k.jpg", "K", "k.txt", "k", "k.json", "{",
		"l.jpg", "L", "l.json", "{\"caption\":\"na\xefve\"}",
		"m.jpg", "M", "m.json", `{"caption":["m"]}`,
		"n.jpg", "N", "n.json", `{"caption":null}`,
		"o.jpg", "O", "o.json", `{"url":"http://o"}`,
		"p.jpg", "", "p.txt", "p",
		"d/._q.jpg", "hidden", "d/q.jpg", "Q", "d/._q.txt", "hidden", "d/q.txt", "q",
		"r.v1.jpg", "no picture of r", "r.jpg", "R", "r.txt", "r",
		"s.jpg", "S", "s.txt", "s", "s.txt", "again",
	)})
	compare(t, dir, read(t, &sources.Tar{Paths: []string{dir + "/0.tar"}, Limits: sources.Limits{Picture: 100, Rows: 4}}),
		`DIR/0.tar:0 "a" "A" "a" url="http://a" source_score="0.5" n="[1,2]" none=null`,
		`DIR/0.tar:1 "b" "B" "from json" url=null source_score=null n=null none=null`,
		`DIR/0.tar:2 "c" "JPG" "the first kind" url=null source_score=null n=null none=null`,
		`DIR/0.tar:3 "d" bad: it has no caption`,
		`DIR/0.tar:4 "e" bad: it has no picture`,
		`DIR/0.tar:5 "f" bad: it has no caption`,
		`DIR/0.tar:6 "g" bad: the caption is not UTF-8`,
		`DIR/0.tar:7 "h" bad: "h.jpg" has 101 bytes: the limit is 100`,
		`DIR/0.tar:8 "i" bad: "i.txt" has 1048577 bytes: the limit is 1048576`,
		`DIR/0.tar:9 "j" bad: "j.json" has 1048577 bytes: the limit is 1048576`,
		`DIR/0.tar:10 "k" bad: k.json: not a JSON object: unexpected end of JSON input`,
		`DIR/0.tar:11 "l" bad: l.json: not UTF-8`,
		`DIR/0.tar:12 "m" bad: m.json: the caption is ["m"], not a string`,
		`DIR/0.tar:13 "n" bad: it has no caption`,
		`DIR/0.tar:14 "o" bad: it has no caption`,
		`DIR/0.tar:15 "p" bad: "p.jpg" is empty`,
		`DIR/0.tar:16 "d/q" "Q" "q" url=null source_score=null n=null none=null`,
		`DIR/0.tar:17 "r" "R" "r" url=null source_score=null n=null none=null`,
		`DIR/0.tar:18 "s" "S" "s" url=null source_score=null n=null none=null`,
		`DIR/0.tar:19 "s" bad: it has no picture`,
	)
}

func TestTarShards(t *testing.T) {
	shard := func(key string) string { return tarOf(t, key+".jpg", "X", key+".txt", "x") }
	dir := write(t, map[string]string{
		"s-2.tar": shard("two"), "s-10.tgz": zipped(t, shard("ten")), "s-10.parquet": "", ".s.tar": "hidden",
		"s-9.tar.gz": zipped(t, shard("two")) + zipped(t, strings.Repeat("\x00", 1024)), "none.tar": tarOf(t), "in/{0}.tar": shard("brace"),
	})
	row := func(name, key string) string { return fmt.Sprintf(`DIR/%s:0 %q "X" "x"`, name, key) }
	for _, test := range []struct {
		paths []string
		want  []string
	}{
		{[]string{"s-10.tgz", "s-2.tar"}, []string{row("s-10.tgz", "ten"), row("s-2.tar", "two")}},
		{[]string{"s-*.t*"}, []string{row("s-2.tar", "two"), row("s-9.tar.gz", "two"), row("s-10.tgz", "ten")}},
		{[]string{""}, []string{row("s-2.tar", "two"), row("s-9.tar.gz", "two"), row("s-10.tgz", "ten")}},
		{[]string{"s-{2,9}.tar*"}, []string{row("s-2.tar", "two"), row("s-9.tar.gz", "two")}},
		{[]string{"in/{0}.tar"}, []string{row("in/{0}.tar", "brace")}},
		{[]string{"none.tar"}, nil},
		{[]string{"s-{2..3}.tar"}, []string{`open: "DIR/s-3.tar": no such file or directory`}},
		{[]string{"t-*.tar"}, []string{`open: "DIR/t-*.tar" matches no file`}},
		{[]string{"s-2.tar", "*-2.tar"}, []string{`open: DIR/s-2.tar is given twice`}},
		{[]string{"[.tar"}, []string{`open: "DIR/[.tar": syntax error in pattern`}},
		{[]string{"in"}, []string{row("in/{0}.tar", "brace")}},
		{[]string{"s-10.parquet"}, []string{`open: "DIR/s-10.parquet" is empty`}},
		{[]string{"{1..99999999}.tar"}, []string{`open: "DIR/{1..99999999}.tar" stands for more than 1048576 paths`}},
		{nil, []string{`open: no shards`}},
	} {
		var paths []string
		for _, p := range test.paths {
			paths = append(paths, filepath.Join(dir, p))
		}
		compare(t, dir, read(t, &sources.Tar{Paths: paths}), test.want...)
	}
	compare(t, "", read(t, &sources.Tar{Paths: []string{"testdata/../testdata/none"}}), `open: "testdata/../testdata/none": no such file or directory`)
}

func zipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestTarThatIsBroken: the samples before the one that is damaged are given, then comes the error.
func TestTarThatIsBroken(t *testing.T) {
	big := strings.Repeat("x", 3000)
	whole := tarOf(t, "z.jpg", "Z", "z.txt", "z", "a.jpg", "A", "a.txt", "a", "b.jpg", big, "b.txt", "b")
	const header = 512
	gz := zipped(t, whole)
	z, a := `DIR/0.tar:0 "z" "Z" "z"`, `DIR/0.tar:1 "a" "A" "a"`
	for _, test := range []struct {
		name, shard string
		want        []string
	}{
		{"in a picture", whole[:4096+header+1000], []string{z, a, `read: DIR/0.tar: at or after member "b.jpg": unexpected EOF`}},
		{"in a header", whole[:4096+100], []string{z, `read: DIR/0.tar: at or after member "a.txt": unexpected EOF`}},
		{"garbage", whole[:4096] + strings.Repeat("garbage ", 1000), []string{z, `read: DIR/0.tar: at or after member "a.txt": archive/tar: invalid tar header`}},
		{"gzip", gz[:len(gz)-9], []string{z, a, `read: DIR/0.tar: at or after member "b.txt": unexpected EOF`}},
		{"gzip checksum", gz[:len(gz)-8] + "checksum", []string{z, a, `read: DIR/0.tar: at or after member "b.txt": gzip: invalid checksum`}},
		{"gzip header", gz[:8], []string{`open: DIR/0.tar: unexpected EOF`}},
		{"no tar", "no tar", []string{`open: DIR/0.tar: unexpected EOF`}},
		{"no tar at all", strings.Repeat("no tar", 1000), []string{`open: DIR/0.tar: archive/tar: invalid tar header`}},
		{"many members", tarOf(t, manyMembers()...), []string{`open: DIR/0.tar: at or after member "a.1024": sample "a" has more than 1024 members`}},
		{"first json", tarOf(t, "a.jpg", "A", "a.json", "[]"), []string{`open: DIR/0.tar: a.json: not a JSON object`}},
		{"first json too large", tarOf(t, "a.jpg", "A", "a.json", strings.Repeat(" ", 1<<20+1)), []string{`open: DIR/0.tar: a.json: "a.json" has 1048577 bytes: the limit is 1048576`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := write(t, map[string]string{"0.tar": test.shard, "1.tar": tarOf(t, "c.jpg", "C", "c.txt", "c")})
			compare(t, dir, read(t, &sources.Tar{Paths: []string{dir + "/{0,1}.tar"}}), test.want...)
		})
	}
}

func manyMembers() (members []string) {
	for i := range 1025 {
		members = append(members, fmt.Sprintf("a.%d", i), "")
	}
	return members
}

// TestTarLikeWebDataset reads shards that the webdataset package wrote, and groups their members as it does.
func TestTarLikeWebDataset(t *testing.T) {
	text, err := os.ReadFile("testdata/shards.json")
	if err != nil {
		t.Fatal(err)
	}
	var shards map[string][]struct {
		Key     string
		Members map[string]string
	}
	if err := json.Unmarshal(text, &shards); err != nil {
		t.Fatal(err)
	}
	if len(shards) != 3 {
		t.Fatalf("%d shards, not 3", len(shards))
	}
	for name, samples := range shards {
		path := filepath.Join("testdata", name)
		var want []string
		for i, s := range samples {
			line := fmt.Sprintf("%s:%d %q ", path, i, s.Key)
			picture, caption := "", s.Members["txt"]
			for _, kind := range []string{"jpg", "png", "jpeg", "webp", "gif"} {
				if picture == "" {
					picture = s.Members[kind]
				}
			}
			var meta map[string]any
			if s.Members["json"] != "" {
				if err := json.Unmarshal([]byte(s.Members["json"]), &meta); err != nil {
					t.Fatal(err)
				}
			}
			if caption == "" && meta != nil {
				caption = meta["TEXT"].(string)
			}
			switch {
			case picture == "":
				line += "bad: it has no picture"
			case caption == "":
				line += "bad: it has no caption"
			default:
				line += fmt.Sprintf("%q %q", picture, caption)
			}
			if meta["key"] != nil {
				line += fmt.Sprintf(` url=%q key=%q status="success" width="%v" source_similarity="%v" exif=null`, meta["url"], meta["key"], meta["width"], meta["similarity"])
			}
			want = append(want, line)
		}
		compare(t, "", read(t, &sources.Tar{Paths: []string{path}}), want...)
	}
}

// A shard is gone on with where a sink says, of which the first sample says what rides along all the same.
func TestTarResumes(t *testing.T) {
	sample := func(key, json string) []string {
		return []string{key + ".jpg", key, key + ".txt", key, key + ".json", json}
	}
	dir := write(t, map[string]string{
		"s/0.tar": tarOf(t, slices.Concat(sample("a", `{"url":"u"}`), sample("b", `{"url":"v","more":"m"}`), sample("c", `{"url":"w"}`))...),
		"s/1.tar": tarOf(t, sample("d", `{"url":"x"}`)...),
	})
	var lanes []string
	source := &sources.Tar{Paths: []string{filepath.Join(dir, "s")}, Dir: dir, Resume: func(_ context.Context, lane string) (int64, bool, error) {
		lanes = append(lanes, lane)
		return map[string]int64{"s/0.tar": 1, "s/1.tar": 1}[lane], true, nil
	}}
	compare(t, dir, read(t, source), `s/0.tar:1 "b" "b" "b" url="v"`, `s/0.tar:2 "c" "c" "c" url="w"`)
	if !slices.Equal(lanes, []string{"s/0.tar", "s/1.tar"}) {
		t.Errorf("asked for lanes %q", lanes)
	}
}
