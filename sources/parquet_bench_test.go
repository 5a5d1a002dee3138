package sources_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
)

// writeParquet makes a file of pairs with pictures of noise, in row groups of so many rows and pages of about a MiB.
func writeParquet(t testing.TB, pairs, size, group int, codec compress.Compression) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "pairs.parquet")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	b := batch.NewPairsBuilder(t.Context(), arrow.Field{Name: "width", Type: arrow.PrimitiveTypes.Int32})
	defer b.Release()
	properties := parquet.NewWriterProperties(parquet.WithCompression(codec), parquet.WithDictionaryDefault(false),
		parquet.WithStats(false), parquet.WithBatchSize(int64(max(1, 1<<20/size))))
	var w *pqarrow.FileWriter
	noise := rand.NewChaCha8([32]byte{})
	picture := make([]byte, size)
	for i := range pairs {
		_, _ = noise.Read(picture) // never fails
		b.Append("", int64(i), fmt.Sprintf("%09d", i), picture, fmt.Sprint("a picture of noise, number ", i))
		b.Further(0).(*array.Int32Builder).Append(int32(i))
		if b.Len() < group && i < pairs-1 {
			continue
		}
		p, err := b.NewPairs()
		if err == nil && w == nil {
			w, err = pqarrow.NewFileWriter(p.Schema(), file, properties, pqarrow.DefaultWriterProps())
		}
		if err == nil {
			err = w.Write(p)
		}
		p.Release()
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestParquetMemory reads a row group of 64 MB, of which no more than a few pages and batches may be held.
func TestParquetMemory(t *testing.T) {
	path := writeParquet(t, 640, 100_000, 640, compress.Codecs.Zstd)
	ctx := pipetest.Context(t)
	p := &sources.Parquet{Path: path}
	before := held()
	if err := p.Open(ctx); err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	most := uint64(0)
	for n := 0; ; n++ {
		b, err := p.Read(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if n%5 == 0 {
			most = max(most, held())
		}
		b.Release()
	}
	if most > before+24<<20 {
		t.Errorf("%d MB held", (most-before)>>20)
	}
}

// held returns the bytes of the heap that are in use.
func held() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkParquet reads 500 pairs with pictures of 100 KB from a file that the system has in memory; pyarrow does so
// too where PAIRSTREAM_PYTHON names a Python that has it.
func BenchmarkParquet(b *testing.B) {
	const pairs, size = 500, 100_000
	model := make([]byte, 64<<20) // such as a program holds: in an empty heap the collector would run at every batch
	defer runtime.KeepAlive(model)
	for _, codec := range []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Zstd} {
		path := writeParquet(b, pairs, size, 200, codec)
		b.Run(codec.String(), func(b *testing.B) {
			b.SetBytes(pairs * size)
			b.ReportAllocs()
			for b.Loop() {
				drain(b, &sources.Parquet{Path: path}, pairs)
			}
		})
		b.Run(codec.String()+"/pyarrow", func(b *testing.B) {
			python := os.Getenv("PAIRSTREAM_PYTHON")
			if python == "" {
				b.Skip("PAIRSTREAM_PYTHON names no Python that has pyarrow")
			}
			out, err := exec.Command(python, parquetDir+"bench.py", path, strconv.Itoa(b.N)).Output()
			var seconds float64
			var rows int
			if err == nil {
				_, err = fmt.Sscan(string(out), &seconds, &rows)
			}
			if err != nil || rows != pairs {
				b.Fatalf("%d rows, %v", rows, err)
			}
			b.ReportMetric(float64(pairs*size*b.N)/1e6/seconds, "MB/s")
			b.ReportMetric(seconds*1e9/float64(b.N), "ns/op")
		})
	}
}
