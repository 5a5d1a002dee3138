package sinks_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

// NumPy, pyarrow and DuckDB read what the sinks wrote: see testdata/read_back.py.
func TestOtherReaders(t *testing.T) {
	python := os.Getenv("PAIRSTREAM_PYTHON")
	if python == "" {
		t.Skip("PAIRSTREAM_PYTHON names no Python that has numpy, pyarrow and duckdb")
	}
	ctx := pipetest.Context(t)
	out := t.TempDir()
	path := func(name string) string { return filepath.Join(out, name) }
	whole, nulls := vectors(t, ctx, 600, 500, "a"), vectors(t, ctx, 600, 500, "a", 0, 7, 8, 301, 599)
	defer whole.Release()
	defer nulls.Release()
	for name, matrix := range map[string]batch.Matrix[float32]{"image.f32": whole.Image(), "text.f32": whole.Text()} {
		if err := os.WriteFile(path(name), arrow.Float32Traits.CastToBytes(matrix.Values), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	inParts := func(v batch.Vectors) []batch.Vectors {
		var parts []batch.Vectors
		for from := int64(0); from < v.NumRows(); from += 70 {
			parts = append(parts, v.Slice(from, min(from+70, v.NumRows())))
		}
		return parts
	}
	for sink, v := range map[pipeline.Sink[batch.Vectors]]batch.Vectors{
		&sinks.Npy{Dir: path("npy")}:                                                                             whole,
		&sinks.Npy{Dir: path("half"), Half: true}:                                                                whole,
		&sinks.JSONL[batch.Vectors]{Path: path("out.jsonl")}:                                                     whole,
		&sinks.Parquet[batch.Vectors]{Path: path("nulls.parquet"), GroupRows: 150}:                               nulls,
		&sinks.Array[batch.Vectors]{Path: path("array.npy"), Column: batch.ImageEmbedding, Shape: []int{2, 250}}: whole,
		&sinks.Parts[batch.Vectors]{Dir: path("parts"), PartBytes: onePart}:                                      nulls,
		&sinks.Parts[batch.Vectors]{Dir: path("parts-half"), Half: true}:                                         nulls,
		&sinks.Parts[batch.Vectors]{Dir: path("parts-fixed"), Fixed: true}:                                       nulls,
		&sinks.Parts[batch.Vectors]{Dir: path("parts-fixed-half"), Fixed: true, Half: true}:                      nulls,
	} {
		parts := inParts(v)
		store(t, ctx, sink, parts...)
		for _, part := range parts {
			part.Release()
		}
	}
	if said, err := exec.Command(python, "testdata/read_back.py", out, "600", "500", "0,7,8,301,599").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}
