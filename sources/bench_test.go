package sources_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/sources"
)

// BenchmarkRead reads 500 pairs with pictures of 100 KB from files that the system has in memory.
func BenchmarkRead(b *testing.B) {
	const pairs, size = 500, 100_000
	files := map[string]string{}
	var members []string
	list := "file\tcaption\n"
	noise := rand.NewChaCha8([32]byte{})
	for i := range pairs {
		picture := make([]byte, size)
		_, _ = noise.Read(picture) // never fails
		key, caption := fmt.Sprintf("%09d", i), fmt.Sprint("a picture of noise, number ", i)
		meta := fmt.Sprintf(`{"caption":%q,"url":"http://example.com/%d.jpg","key":%q,"width":640,"height":480,"sha256":"%064d"}`, caption, i, key, i)
		members = append(members, key+".jpg", string(picture), key+".json", meta, key+".txt", caption)
		files["folder/"+key+".jpg"], files["folder/"+key+".txt"] = string(picture), caption
		list += "folder/" + key + ".jpg\t" + caption + "\n"
	}
	files["0.tar"] = tarOf(b, members...)
	files["0.tar.gz"] = zipped(b, files["0.tar"])
	files["list.tsv"] = list
	dir := write(b, files)
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, bench := range []struct {
		name   string
		source source
	}{
		{"tar", &sources.Tar{Paths: []string{path("0.tar")}}},
		{"tar.gz", &sources.Tar{Paths: []string{path("0.tar.gz")}}},
		{"folder", &sources.Folder{Path: path("folder")}},
		{"list", &sources.List{Path: path("list.tsv")}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(pairs * size)
			for b.Loop() {
				drain(b, bench.source, pairs)
			}
			b.ReportMetric(float64(pairs*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	b.Run("scenes", func(b *testing.B) {
		for b.Loop() {
			drain(b, &sources.Scenes{N: pairs}, pairs)
		}
		b.ReportMetric(float64(pairs*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// drain reads a source of so many rows.
func drain(b *testing.B, s source, want int64) {
	b.Helper()
	if err := s.(pipeline.Opener).Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	rows := int64(0)
	for {
		batch, err := s.Read(b.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		rows += batch.NumRows()
		batch.Release()
	}
	if err := s.Close(); err != nil || rows != want {
		b.Fatalf("%d rows of %d, %v", rows, want, err)
	}
}
