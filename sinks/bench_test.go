package sinks_test

import (
	"path/filepath"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
)

// BenchmarkSinks writes 16,384 pairs of embeddings of 512 numbers, 64 MiB, in batches of 256, through Close, which waits
// for the disk.
func BenchmarkSinks(b *testing.B) {
	const rows, width = 256, 512
	v := vectors(b, b.Context(), rows, width, "a")
	for _, c := range []struct {
		name string
		make func(dir string) pipeline.Sink[batch.Vectors]
	}{
		{"parquet", func(dir string) pipeline.Sink[batch.Vectors] {
			return &sinks.Parquet[batch.Vectors]{Path: filepath.Join(dir, "out.parquet")}
		}},
		{"npy", func(dir string) pipeline.Sink[batch.Vectors] { return &sinks.Npy{Dir: dir} }},
		{"npy half", func(dir string) pipeline.Sink[batch.Vectors] { return &sinks.Npy{Dir: dir, Half: true} }},
		{"array", func(dir string) pipeline.Sink[batch.Vectors] {
			return &sinks.Array[batch.Vectors]{Path: filepath.Join(dir, "out.npy"), Column: batch.ImageEmbedding}
		}},
		{"jsonl", func(dir string) pipeline.Sink[batch.Vectors] {
			return &sinks.JSONL[batch.Vectors]{Path: filepath.Join(dir, "out.jsonl")}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			dir := b.TempDir()
			batches := make([]batch.Vectors, 64)
			for i := range batches {
				batches[i] = v
			}
			b.SetBytes(int64(len(batches)) * v.Bytes())
			b.ReportAllocs()
			for b.Loop() {
				store(b, b.Context(), c.make(dir), batches...)
			}
			b.ReportMetric(float64(b.N*len(batches)*rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
