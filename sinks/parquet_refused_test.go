package sinks_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

// withColumn makes Pairs with one more column.
func withColumn(t *testing.T, ctx context.Context, name string, typ arrow.DataType, json string) batch.Pairs {
	t.Helper()
	column, _, err := array.FromJSON(batch.Allocator(ctx), typ, strings.NewReader(json))
	if err != nil {
		t.Fatal(err)
	}
	defer column.Release()
	b := batch.NewPairsBuilder(ctx)
	defer b.Release()
	for range column.Len() {
		b.Append("lane", 0, "id", []byte{1}, "caption")
	}
	p, err := b.NewPairs()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	fields := append(p.Schema().Fields(), arrow.Field{Name: name, Type: typ, Nullable: true})
	all, err := batch.NewPairs(array.NewRecord(arrow.NewSchema(fields, nil), append(p.Columns(), column), p.NumRows()))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestParquetRefuses(t *testing.T) {
	number := arrow.PrimitiveTypes.Int32
	for name, c := range map[string]struct {
		batches func(t *testing.T, ctx context.Context) []batch.Pairs
		want    string
	}{
		"a column of another type": {func(t *testing.T, ctx context.Context) []batch.Pairs {
			return []batch.Pairs{withColumn(t, ctx, "size", number, "[1]"), withColumn(t, ctx, "size", arrow.BinaryTypes.String, `["1"]`)}
		}, `column "size" of utf8 after column "size" of int32`},
		"another column": {func(t *testing.T, ctx context.Context) []batch.Pairs {
			return []batch.Pairs{withColumn(t, ctx, "size", number, "[1]"), withColumn(t, ctx, "length", number, "[1]")}
		}, `column "length" of int32 after column "size" of int32`},
		"two columns of a name": {func(t *testing.T, ctx context.Context) []batch.Pairs {
			return []batch.Pairs{withColumn(t, ctx, "caption", number, "[1]")}
		}, `two columns are named "caption"`},
		"fixed-size lists in structs": {func(t *testing.T, ctx context.Context) []batch.Pairs {
			typ := arrow.StructOf(arrow.Field{Name: "box", Type: arrow.FixedSizeListOf(2, number), Nullable: true})
			return []batch.Pairs{withColumn(t, ctx, "face", typ, `[{"box":[1,2]}]`)}
		}, `column "face": cannot write struct`},
		"what Parquet has not": {func(t *testing.T, ctx context.Context) []batch.Pairs {
			return []batch.Pairs{withColumn(t, ctx, "time", arrow.FixedWidthTypes.Duration_ms, `["1ms"]`)}
		}, "not implemented: support for DURATION"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			dir := t.TempDir()
			s := &sinks.Parquet[batch.Pairs]{Path: filepath.Join(dir, "out.parquet")}
			open(t, ctx, s)
			var err error
			for _, b := range c.batches(t, ctx) {
				err = s.Write(ctx, b)
				b.Release()
			}
			if err == nil || !strings.Contains(err.Error(), "out.parquet: "+c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, not %s", err, c.want)
			}
			if err := s.Abort(); err != nil {
				t.Error(err)
			}
			if left := tree(t, dir); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

func TestParquetRefusesOtherNotes(t *testing.T) {
	ctx := pipetest.Context(t)
	a, b := vectors(t, ctx, 2, 3, "a"), vectors(t, ctx, 2, 3, "b")
	defer a.Release()
	defer b.Release()
	s := &sinks.Parquet[batch.Vectors]{Path: filepath.Join(t.TempDir(), "out.parquet")}
	open(t, ctx, s)
	defer s.Abort()
	if err := s.Write(ctx, a); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(ctx, b); err == nil || !strings.Contains(err.Error(), `made with "model=b" after rows made with "model=a"`) {
		t.Errorf("write embeddings of another model: %v", err)
	}
}
