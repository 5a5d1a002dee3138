package sources

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// FuzzList: whatever a list holds, each of its rows is a good one of a picture in the folder and a caption, or is bad;
// lines ascend, and none is there twice.
func FuzzList(f *testing.F) {
	for _, seed := range []string{
		"file,caption\na.png,\"a\nb\"\na.png,\"open\nx,y\n", "file\tcaption\na.png\t\"a\"\n\n../b\tx\n", "caption,file\r\n\"\",\"\"\r\n",
		`{"file":"a.png","caption":"a","n":[1]}` + "\n{}\nnull\n" + `{"file":"a.png","caption":{}}`, "\ufefffile,caption,,id,id2\n,,,,\n",
		"file,caption\n\"a.png\",a\"b\n\xff\n", "{\"path\":\"a.png\",\"\":1}\n",
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.png"), []byte("A"), 0o644); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, "list")
	f.Fuzz(func(t *testing.T, list []byte) {
		if err := os.WriteFile(path, list, 0o644); err != nil {
			t.Fatal(err)
		}
		rows := rowsOf(t, &List{Path: path})
		last := int64(0)
		for _, r := range rows {
			if r.offset <= last {
				t.Errorf("line %d after line %d", r.offset, last)
			}
			if last = r.offset; r.err == nil && (string(r.image) != "A" || strings.TrimSpace(r.caption) == "") {
				t.Errorf("line %d is good, with the picture %q and the caption %q", r.offset, r.image, r.caption)
			}
		}
	})
}

// FuzzTar: whatever a shard holds, each of its samples is a row, numbered from 0.
func FuzzTar(f *testing.F) {
	for _, name := range []string{"plain.tar", "plain.tar.gz", "tricky.tar"} {
		shard, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(shard)
	}
	path := filepath.Join(f.TempDir(), "shard")
	f.Fuzz(func(t *testing.T, shard []byte) {
		if err := os.WriteFile(path, shard, 0o644); err != nil {
			t.Fatal(err)
		}
		for i, r := range rowsOf(t, &Tar{Paths: []string{path}, Limits: Limits{Picture: 1000}}) {
			if r.offset != int64(i) {
				t.Errorf("sample %d after %d others", r.offset, i)
			}
			if r.err == nil && (r.id == "" || r.caption == "" || len(r.image) == 0 || len(r.image) > 1000) {
				t.Errorf("sample %d is good: id %q, picture %q, caption %q", i, r.id, r.image, r.caption)
			}
		}
	})
}

// rowsOf returns the rows of a source up to its end or error.
func rowsOf(t *testing.T, s pipeline.Source[batch.Pairs]) []pairRow {
	ctx := context.Background()
	if s.(pipeline.Opener).Open(ctx) != nil {
		return nil
	}
	defer s.Close()
	var rows []pairRow
	for {
		b, err := s.Read(ctx)
		var bad pipeline.RowErrors
		if errors.As(err, &bad); err != nil && len(bad) == 0 {
			return rows
		}
		for i := range int(b.NumRows()) {
			r := pairRow{offset: b.Column(4).(interface{ Value(int) int64 }).Value(i), image: append([]byte(nil), b.Picture(i)...)}
			r.id, _ = b.Label(int64(i))
			caption, _ := b.Caption(i)
			r.caption = strings.Clone(caption)
			if !utf8.ValidString(r.id + r.caption) {
				t.Errorf("id %q and caption %q are not UTF-8", r.id, r.caption)
			}
			if len(bad) > 0 && bad[0].Row == int64(i) {
				r.err, bad = bad[0].Err, bad[1:]
			}
			rows = append(rows, r)
		}
		b.Release()
	}
}
