package sources_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
)

const parquetDir = "testdata/parquet/"

// A parquetRow is a row of a source, with its further columns as JSON values.
type parquetRow struct {
	lane, id, caption string
	offset            int64
	image             []byte
	further           []any
	bad               string
}

// readParquet reads a source to its end, or to its error.
func readParquet(t testing.TB, p *sources.Parquet) (rows []parquetRow, err error) {
	t.Helper()
	ctx := pipetest.Context(t)
	if err := p.Open(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}()
	for {
		b, err := p.Read(ctx)
		var bad pipeline.RowErrors
		if err == io.EOF {
			return rows, nil
		}
		if err != nil && !errors.As(err, &bad) {
			return rows, err
		}
		for i := range b.NumRows() {
			r := parquetRow{image: slices.Clone(b.Picture(int(i)))}
			r.id, _ = b.Label(i)
			caption, _ := b.Caption(int(i))
			r.caption, r.lane = strings.Clone(caption), strings.Clone(b.Column(3).(*array.String).Value(int(i)))
			r.offset = b.Column(4).(*array.Int64).Value(int(i))
			for c := 5; c < int(b.NumCols()); c++ {
				r.further = append(r.further, further(b.Column(c), int(i)))
			}
			if k := slices.IndexFunc(bad, func(e pipeline.RowError) bool { return e.Row == i }); k >= 0 {
				r.bad = bad[k].Err.Error()
			}
			rows = append(rows, r)
		}
		b.Release()
	}
}

// further returns a value as rows.json has it.
func further(a arrow.Array, i int) any {
	switch a := a.(type) {
	case *array.Date32:
		if a.IsValid(i) {
			return a.Value(i).ToTime().Format(time.DateOnly)
		}
	case *array.Timestamp:
		if a.IsValid(i) {
			typ := a.DataType().(*arrow.TimestampType)
			layout := "2006-01-02T15:04:05"
			if typ.TimeZone == "UTC" {
				layout += "-07:00"
			}
			return a.Value(i).ToTime(typ.Unit).Format(layout)
		}
	case *array.Float64:
		if a.Value(i) != a.Value(i) {
			return nil
		}
	}
	text, _ := json.Marshal(a.GetOneForMarshal(i)) // a copy
	return decodeJSON(string(text))
}

func decodeJSON(text string) (value any) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	_ = d.Decode(&value)
	return value
}

// expected is rows.json.
type expected struct {
	Rows  map[string][][]json.RawMessage
	Where map[string][]string
}

func readExpected(t testing.TB) (e expected) {
	t.Helper()
	text, err := os.ReadFile(parquetDir + "rows.json")
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// compareParquet compares rows with those that pyarrow read: id, picture, caption, further columns.
func compareParquet(t *testing.T, rows []parquetRow, want [][]json.RawMessage) {
	t.Helper()
	if len(rows) != len(want) {
		t.Fatalf("%d rows, not %d", len(rows), len(want))
	}
	for i, r := range rows {
		have := append([]any{r.id, base64.StdEncoding.EncodeToString(r.image), r.caption}, r.further...)
		for c, value := range want[i] {
			if want := decodeJSON(string(value)); !same(have[c], want) {
				t.Errorf("row %d, column %d: %v, not %v", i, c, have[c], want)
			}
		}
		if len(have) != len(want[i]) || r.offset != int64(i) {
			t.Errorf("row %d: %d columns of %d, offset %d", i, len(have), len(want[i]), r.offset)
		}
	}
}

// same compares JSON values; numbers as float32 where they are no integers, which a column may be.
func same(a, b any) bool {
	x, isNumber := a.(json.Number)
	y, too := b.(json.Number)
	if !isNumber || !too || x == y {
		return a == b
	}
	f, _ := x.Float64()
	g, _ := y.Float64()
	return float32(f) == float32(g) && strings.ContainsAny(string(x)+string(y), ".e")
}
