package sources_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
)

func TestParquetReadsWhatOthersWrite(t *testing.T) {
	want := readExpected(t)
	for _, name := range []string{"snappy", "gzip", "zstd", "brotli", "lz4", "none", "checksums", "delta", "duckdb_V1", "duckdb_V2"} {
		t.Run(name, func(t *testing.T) {
			rows, err := readParquet(t, &sources.Parquet{Path: parquetDir + name + ".parquet"})
			if err != nil {
				t.Fatal(err)
			}
			compareParquet(t, rows, want.Rows["snappy"])
		})
	}
}

func TestParquetTypes(t *testing.T) {
	rows, err := readParquet(t, &sources.Parquet{Path: parquetDir + "types.parquet"})
	if err != nil {
		t.Fatal(err)
	}
	compareParquet(t, rows, readExpected(t).Rows["types"])

	p := &sources.Parquet{Path: parquetDir + "types.parquet", Columns: []string{"score", "thumbnail", "words"}}
	ctx := pipetest.Context(t)
	if err := p.Open(ctx); err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b, err := p.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Release()
	var columns []string
	for _, f := range b.Schema().Fields()[5:] {
		columns = append(columns, f.Name+" "+f.Type.String())
	}
	if got, want := strings.Join(columns, ", "), "source_score float64, thumbnail binary, words utf8"; got != want {
		t.Errorf("columns %s, not %s", got, want)
	}
}

func TestParquetWhere(t *testing.T) {
	for where, want := range readExpected(t).Where {
		rows, err := readParquet(t, &sources.Parquet{Path: parquetDir + "types.parquet", Where: where, Columns: []string{}})
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{}
		for _, r := range rows {
			ids = append(ids, r.id)
			if want := readExpected(t).Rows["types"][r.offset]; string(want[1]) != fmt.Sprintf("%q", base64.StdEncoding.EncodeToString(r.image)) {
				t.Errorf("where %s: row %s has the picture of another", where, r.id)
			}
		}
		if !slices.Equal(ids, want) {
			t.Errorf("where %s: %v, not %v", where, ids, want)
		}
	}
	for where, want := range map[string]string{
		"width > 100":        `where: no column "width" among `,
		`int32 == "a"`:       `where: column "int32" of int32 cannot be == a`,
		"bool < true":        `where: column "bool" of bool cannot be < true`,
		"date == 1":          `where: column "date" of date32 cannot be == 1`,
		"list == 1":          `where: column "list" is of a type that is not supported there`,
		"int32 = 1":          `"int32 = 1" is no comparison such as`,
		"int32 > 1 &&":       `"" is no comparison such as`,
		"int32 > 1 and bool": `is no comparison such as`,
		"int32 > big":        `"big" is no number, string in quotes, true or false`,
	} {
		if _, err := readParquet(t, &sources.Parquet{Path: parquetDir + "types.parquet", Where: where}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("where %s: %v, not %s", where, err, want)
		}
	}
}

// brief shows rows that have been read: offset, id, length of the picture, caption or what is bad.
func brief(rows []parquetRow) []string {
	var lines []string
	for _, r := range rows {
		line := fmt.Sprintf("%d %s %d %s", r.offset, r.id, len(r.image), r.caption)
		if r.bad != "" {
			line = fmt.Sprintf("%d %s bad: %s", r.offset, r.id, r.bad)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestParquetLayouts(t *testing.T) {
	pictures := write(t, map[string]string{"pictures/0.jpg": "zero", "pictures/1.jpg": strings.Repeat("x", 100)})
	for _, test := range []struct {
		name   string
		source *sources.Parquet
		want   map[int]string // the first rows, and others by their place
		rows   int
	}{
		{"Hugging Face's struct, where bytes or path or all is null", &sources.Parquet{Path: "huggingface.parquet"}, map[int]string{
			0: "0 huggingface.parquet:0 40 a photo of thing 0, ünïcode",
			3: "3 huggingface.parquet:3 bad: it has no picture",
			5: "5 huggingface.parquet:5 bad: it has no picture",
			6: "6 huggingface.parquet:6 bad: it has no picture",
			7: "7 huggingface.parquet:7 75 a photo of thing 7, ünïcode",
		}, 20},
		{"the struct the other way round", &sources.Parquet{Path: "huggingface_old.parquet"}, map[int]string{
			2: "2 huggingface_old.parquet:2 50 a photo of thing 2, ünïcode",
			3: "3 huggingface_old.parquet:3 bad: it has no picture",
			7: "7 huggingface_old.parquet:7 75 a photo of thing 7, ünïcode",
		}, 20},
		{"img2dataset's, with what failed", &sources.Parquet{Path: "img2dataset.parquet"}, map[int]string{
			1: "1 000000001 45 a photo of thing 1, ünïcode",
			2: "2 000000002 bad: it has no picture: failed_to_download: HTTP Error 404: Not Found",
		}, 20},
		{"paths of pictures", &sources.Parquet{Path: "paths.parquet", Dir: pictures, Limits: sources.Limits{Picture: 10}}, map[int]string{
			0: "0 10000 4 a photo of thing 0, ünïcode",
			1: `1 10001 bad: "pictures/1.jpg" has 100 bytes: the limit is 10`,
			2: `2 10002 bad: "pictures/2.jpg": no such file or directory`,
			4: "4 10004 bad: it has no picture",
		}, 20},
		{"the first of several captions", &sources.Parquet{Path: "lists.parquet"}, map[int]string{
			0:  "0 lists.parquet:0 bad: it has no caption",
			1:  "1 lists.parquet:1 45 caption 0 of 1",
			3:  "3 lists.parquet:3 55 caption 0 of 3",
			4:  "4 lists.parquet:4 bad: it has no caption",
			9:  "9 lists.parquet:9 85 after a null",
			11: "11 lists.parquet:11 bad: it has no caption",
		}, 20},
		{"all captions", &sources.Parquet{Path: "lists.parquet", AllCaptions: true, Limits: sources.Limits{Rows: 2}}, map[int]string{
			0: "0 lists.parquet:0#0 bad: it has no caption",
			1: "1000 lists.parquet:1#0 45 caption 0 of 1",
			2: "2000 lists.parquet:2#0 50 caption 0 of 2",
			3: "2001 lists.parquet:2#1 50 caption 1 of 2",
			4: "3000 lists.parquet:3#0 55 caption 0 of 3",
			6: "3002 lists.parquet:3#2 55 caption 2 of 3",
			7: "4000 lists.parquet:4#0 bad: it has no caption",
		}, 33},
		{"named columns", &sources.Parquet{Path: "img2dataset.parquet", CaptionColumn: "status", IDColumn: "url", Columns: []string{"width"}}, map[int]string{
			0: "0 http://example.org/0.jpg 40 success",
		}, 20},
		{"large pictures", &sources.Parquet{Path: "snappy.parquet", Limits: sources.Limits{Picture: 44}}, map[int]string{
			0: "0 p0 40 a photo of thing 0, ünïcode",
			1: "1 p1 bad: the picture has 45 bytes: the limit is 44",
		}, 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.source.Path = parquetDir + test.source.Path
			rows, err := readParquet(t, test.source)
			if err != nil {
				t.Fatal(err)
			}
			lines := brief(rows)
			if len(lines) != test.rows {
				t.Errorf("%d rows, not %d", len(lines), test.rows)
			}
			for i, want := range test.want {
				if lines[i] != want {
					t.Errorf("row %d: %s\nnot %s", i, lines[i], want)
				}
			}
		})
	}
}

func TestParquetSaysWhatItCannotRead(t *testing.T) {
	for _, test := range []struct {
		source *sources.Parquet
		want   string
	}{
		{&sources.Parquet{Path: "urls.parquet"}, `testdata/parquet/urls.parquet: none of the columns "URL", "TEXT" is one that is called image,`},
		{&sources.Parquet{Path: "nocaption.parquet"}, `testdata/parquet/nocaption.parquet: none of the columns "image", "n" is one that is called caption,`},
		{&sources.Parquet{Path: "nocaption.parquet", CaptionColumn: "n"}, `column "n" is of a type that is not supported there`},
		{&sources.Parquet{Path: "snappy.parquet", IDColumn: "key"}, `no column "key" among "id", "image", "caption", "license", "width"`},
		{&sources.Parquet{Path: "snappy.parquet", Columns: []string{"image"}}, `the picture's column "image" cannot ride along too`},
		{&sources.Parquet{Path: "snappy.parquet", Columns: []string{"width", "width"}}, `two columns are named "width"`},
		{&sources.Parquet{Path: "types.parquet", Columns: []string{"decimal"}}, `column "decimal" is of a type that is not supported there`},
		{&sources.Parquet{Path: "prefixes.parquet"}, `testdata/parquet/prefixes.parquet: row group 0: column "caption": page at byte 634: values in the encoding DELTA_BYTE_ARRAY, which is not supported`},
		{&sources.Parquet{Path: "make.py"}, `testdata/parquet/make.py: footer: the file does not end as Parquet files do: it is cut off, or of another kind`},
		{&sources.Parquet{Path: "missing.parquet"}, `"testdata/parquet/missing.parquet": no such file or directory`},
		{&sources.Parquet{Path: "missing*.parquet"}, `"testdata/parquet/missing*.parquet" matches no file`},
		{&sources.Parquet{Path: "snappy.parquet", Dir: "missing"}, `"missing": no such file or directory`},
	} {
		test.source.Path = parquetDir + test.source.Path
		if _, err := readParquet(t, test.source); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v\nnot %s", err, test.want)
		}
	}
}

func TestParquetSource(t *testing.T) {
	dir := copyParquet(t, map[string]string{"1.parquet": "snappy", "2.parquet": "zstd"})
	pipetest.TestSource(t, func() source { return &sources.Parquet{Path: dir, Limits: sources.Limits{Rows: 3}} })
}

func TestParquetBatches(t *testing.T) {
	dir := copyParquet(t, map[string]string{"1.parquet": "snappy", "2.parquet": "zstd"})
	ctx := pipetest.Context(t)
	p := &sources.Parquet{Path: dir, Limits: sources.Limits{Rows: 5, Bytes: 300}}
	if err := p.Open(ctx); err != nil {
		t.Fatal(err)
	}
	var rows []int64
	progress := 0.0
	for {
		b, err := p.Read(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, b.NumRows())
		lanes := b.Column(3).(*array.String)
		if lanes.Value(0) != lanes.Value(lanes.Len()-1) {
			t.Errorf("a batch of %s and %s", lanes.Value(0), lanes.Value(lanes.Len()-1))
		}
		if now := p.Progress(); now < progress {
			t.Errorf("progress %v after %v", now, progress)
		} else {
			progress = now
		}
		b.Release()
	}
	// Row groups have 7, 7 and 6 rows, pictures 40, 45, … bytes, and the other columns about 45 a row.
	if want := []int64{3, 3, 1, 2, 2, 2, 1, 2, 2, 1, 1}; !slices.Equal(rows, append(want, want...)) {
		t.Errorf("batches of %v rows", rows)
	}
	if p.Progress() != 1 {
		t.Errorf("progress %v at the end", p.Progress())
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

func ExampleParquet() {
	pairs := pipeline.From(&sources.Parquet{
		Path:    "testdata/parquet/img2dataset.parquet",
		Where:   `width >= 256 && key < "000000008"`, // before any picture is read
		Columns: []string{"url"},
	})
	for b, err := range pipeline.All(context.Background(), pairs) {
		if err != nil {
			log.Fatal(err)
		}
		for i := range int(b.NumRows()) {
			id, origin := b.Label(int64(i))
			caption, _ := b.Caption(i)
			fmt.Printf("%s from %s: %q, %d bytes, %s\n", id, origin, caption, len(b.Picture(i)), b.Column(5).ValueStr(i))
		}
	}
	// Output:
	// 000000000 from img2dataset.parquet:0: "a photo of thing 0, ünïcode", 40 bytes, http://example.org/0.jpg
	// 000000001 from img2dataset.parquet:1: "a photo of thing 1, ünïcode", 45 bytes, http://example.org/1.jpg
	// 000000003 from img2dataset.parquet:3: "a photo of thing 3, ünïcode", 55 bytes, http://example.org/3.jpg
	// 000000004 from img2dataset.parquet:4: "a photo of thing 4, ünïcode", 60 bytes, http://example.org/4.jpg
	// 000000005 from img2dataset.parquet:5: "a photo of thing 5, ünïcode", 65 bytes, http://example.org/5.jpg
	// 000000006 from img2dataset.parquet:6: "a photo of thing 6, ünïcode", 70 bytes, http://example.org/6.jpg
	// 000000007 from img2dataset.parquet:7: "a photo of thing 7, ünïcode", 75 bytes, http://example.org/7.jpg
}
