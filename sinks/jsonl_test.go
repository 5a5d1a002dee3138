package sinks_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

func lines(t testing.TB, path string) int64 {
	t.Helper()
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for line := range strings.Lines(string(b)) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%s: line %d is not JSON: %q", path, n+1, line)
		}
		n++
	}
	return n
}

func ExampleJSONL() {
	ctx := context.Background()
	metrics := batch.MetricsOf(batch.Allocator(ctx), 2.302585092994046, 0.1, 10, 14.285714)
	defer metrics.Release()
	sink := &sinks.JSONL[batch.Metrics]{Path: "-"}
	if err := errors.Join(sink.Open(ctx), sink.Write(ctx, metrics), sink.Close()); err != nil {
		panic(err)
	}
	// Output: {"loss":2.302585092994046,"accuracy":0.1,"pairs":10,"logit_scale":14.285714}
}

func TestJSONL(t *testing.T) {
	list, number := arrow.ListOf, arrow.PrimitiveTypes.Int32
	for name, c := range map[string]struct {
		typ  arrow.DataType
		json string // of three rows
		want []string
	}{
		"text":        {arrow.BinaryTypes.String, `["a\"\\/<&>\u2028", "\u0000\u001f\n\r\t\u007f", "日本🐱"]`, []string{"\"a\\\"\\\\/<&>\u2028\"", "\"\\u0000\\u001f\\n\\r\\t\u007f\"", `"日本🐱"`}},
		"large text":  {arrow.BinaryTypes.LargeString, `["", null, "x"]`, []string{`""`, `null`, `"x"`}},
		"numbers":     {arrow.PrimitiveTypes.Int64, `["-9223372036854775808", 0, "9223372036854775807"]`, []string{"-9223372036854775808", "0", "9223372036854775807"}},
		"unsigned":    {arrow.PrimitiveTypes.Uint64, `["18446744073709551615", null, 0]`, []string{"18446744073709551615", "null", "0"}},
		"bytes":       {arrow.BinaryTypes.Binary, `["AQID", null, ""]`, []string{`"AQID"`, "null", `""`}},
		"booleans":    {arrow.FixedWidthTypes.Boolean, `[true, false, null]`, []string{"true", "false", "null"}},
		"dates":       {arrow.FixedWidthTypes.Date32, `["2026-01-31", null, "1970-01-01"]`, []string{`"2026-01-31"`, "null", `"1970-01-01"`}},
		"nulls":       {arrow.Null, `[null, null, null]`, []string{"null", "null", "null"}},
		"lists":       {list(number), `[[1, null], null, []]`, []string{"[1,null]", "null", "[]"}},
		"long lists":  {arrow.LargeListOf(list(number)), `[[[1], []], [null], []]`, []string{"[[1],[]]", "[null]", "[]"}},
		"fixed lists": {arrow.FixedSizeListOf(2, number), `[[1, 2], null, [3, null]]`, []string{"[1,2]", "null", "[3,null]"}},
		"maps":        {arrow.MapOf(arrow.BinaryTypes.String, number), `[[{"key": "a", "value": 1}], null, []]`, []string{`[{"key":"a","value":1}]`, "null", "[]"}},
		"structs": {arrow.StructOf(arrow.Field{Name: "z", Type: number, Nullable: true}, arrow.Field{Name: "a\n", Type: list(number), Nullable: true}),
			`[{"z": 1, "a\n": [2]}, null, {"z": null, "a\n": null}]`, []string{`{"z":1,"a\n":[2]}`, "null", `{"z":null,"a\n":null}`}},
		"no fields": {arrow.StructOf(), `[{}, {}, {}]`, []string{"{}", "{}", "{}"}},
		"words": {&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String},
			`["b", null, "b"]`, []string{`"b"`, "null", `"b"`}},
		"halves": {arrow.FixedWidthTypes.Float16, `[0.5, null, -2]`, []string{"0.5", "null", "-2"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			p := withColumn(t, ctx, "column", c.typ, c.json)
			defer p.Release()
			tail := p.Slice(1, 3)
			defer tail.Release()
			path := filepath.Join(t.TempDir(), "out.jsonl")
			store(t, ctx, pipeline.Sink[batch.Pairs](&sinks.JSONL[batch.Pairs]{Path: path}), p, tail)
			var want strings.Builder
			for _, value := range append(c.want, c.want[1:]...) {
				want.WriteString(`{"id":"id","image":"AQ==","caption":"caption","origin_lane":"lane","origin_offset":0,"column":` + value + "}\n")
			}
			if got := read(t, path); got != want.String() {
				t.Errorf("wrote\n%s not\n%s", got, want.String())
			}
		})
	}
}

func TestJSONLFloats(t *testing.T) {
	ctx := pipetest.Context(t)
	values := []float32{0, float32(math.Copysign(0, -1)), 1, 0.1, -1.0 / 3, 1e-6, 9.999999e-7, math.SmallestNonzeroFloat32,
		1e20, 1e21, math.MaxFloat32, 16777216, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}
	m := batch.NewMatrix[float32](batch.Allocator(ctx), 1, len(values))
	copy(m.Row(0), values)
	column := m.Array()
	defer column.Release()
	p := withColumn(t, ctx, "id2", arrow.BinaryTypes.String, `["x"]`)
	defer p.Release()
	pixels, err := batch.PixelsOf(p, column)
	if err != nil {
		t.Fatal(err)
	}
	defer pixels.Release()
	path := filepath.Join(t.TempDir(), "out.jsonl")
	store(t, ctx, pipeline.Sink[batch.Pixels](&sinks.JSONL[batch.Pixels]{Path: path}), pixels)
	want := `{"id":"id","pixels":[0,-0,1,0.1,-0.33333334,1e-06,9.999999e-07,1e-45,100000000000000000000,1e+21,3.4028235e+38,16777216,null,null,null]}` + "\n"
	if got := read(t, path); got != want {
		t.Errorf("wrote\n%s not\n%s", got, want)
	}
}

func TestJSONLRefuses(t *testing.T) {
	ctx := pipetest.Context(t)
	b := batch.NewPairsBuilder(ctx)
	defer b.Release()
	b.Append("lane", 1, "a", nil, "good")
	b.Append("lane", 2, "b", nil, "caf\xe9")
	p, err := b.NewPairs()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	s := &sinks.JSONL[batch.Pairs]{Path: filepath.Join(t.TempDir(), "out.jsonl")}
	open(t, ctx, s)
	defer s.Abort()
	var rows pipeline.RowErrors
	err = s.Write(ctx, p)
	if !errors.As(err, &rows) || rows[0].Row != 1 || !strings.HasSuffix(err.Error(), `out.jsonl: column "caption": not UTF-8`) {
		t.Errorf("write Latin-1: %v", err)
	}
	twice := withColumn(t, ctx, "id", arrow.BinaryTypes.String, `["x"]`)
	defer twice.Release()
	if err := s.Write(ctx, twice); err == nil || !strings.HasSuffix(err.Error(), `out.jsonl: two columns are named "id"`) {
		t.Errorf("write two columns of a name: %v", err)
	}
}

// A device is written as the batches come, and is not replaced by a file.
func TestJSONLToADevice(t *testing.T) {
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 2, 3, "a")
	defer v.Release()
	s := &sinks.JSONL[batch.Vectors]{Path: os.DevNull}
	store(t, ctx, pipeline.Sink[batch.Vectors](s), v, v)
	if n := s.Stored(); n != 2 {
		t.Errorf("%d writes stored", n)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is %v, %v", os.DevNull, info.Mode(), err)
	}
}

// Whatever text is in a column comes back as it was; text that is not UTF-8 is an error.
func FuzzJSONL(f *testing.F) {
	for _, text := range []string{"", "a", "\x00\"\\\n\u2028🐱", "caf\xe9", "\xed\xa0\x80", "\ufffd"} {
		f.Add(text, float32(len(text))/3)
	}
	f.Fuzz(func(t *testing.T, text string, number float32) {
		ctx := t.Context()
		b := array.NewRecordBuilder(batch.Allocator(ctx), arrow.NewSchema([]arrow.Field{
			{Name: batch.ID, Type: arrow.BinaryTypes.String}, {Name: batch.Caption, Type: arrow.BinaryTypes.String},
			{Name: batch.Score, Type: arrow.PrimitiveTypes.Float32},
		}, nil))
		defer b.Release()
		b.Field(0).(*array.StringBuilder).Append("id")
		b.Field(1).(*array.StringBuilder).Append(text)
		b.Field(2).(*array.Float32Builder).Append(number)
		c, err := batch.NewCosines(b.NewRecord())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
		path := filepath.Join(t.TempDir(), "out.jsonl")
		s := &sinks.JSONL[batch.Cosines]{Path: path}
		open(t, ctx, s)
		if err := s.Write(ctx, c); err != nil {
			if strings.ToValidUTF8(text, "") == text {
				t.Errorf("%q: %v", text, err)
			}
			s.Abort()
			return
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Caption string
			Score   *float32
		}
		if err := json.Unmarshal([]byte(read(t, path)), &got); err != nil {
			t.Fatal(err)
		}
		if got.Caption != text {
			t.Errorf("%q came back as %q", text, got.Caption)
		}
		if finite := number-number == 0; finite != (got.Score != nil) || finite && *got.Score != number {
			t.Errorf("%v came back as %v", number, got.Score)
		}
	})
}
