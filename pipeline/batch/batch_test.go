package batch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
)

// pairs makes n pairs, "p0" on, with a further column.
func pairs(t testing.TB, ctx context.Context, n int) batch.Pairs {
	t.Helper()
	b := batch.NewPairsBuilder(ctx, arrow.Field{Name: "url", Type: arrow.BinaryTypes.String, Nullable: true})
	defer b.Release()
	for i := range n {
		b.Append("list.tsv", int64(10+i), fmt.Sprint("p", i), []byte{byte(i), 1, 2}, fmt.Sprint("caption ", i))
		b.Further(0).(*array.StringBuilder).Append(fmt.Sprint("http://", i))
	}
	p, err := b.NewPairs()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tokens makes rows of pairs that hold i, i+1, … each.
func tokens(t testing.TB, ctx context.Context, p batch.Pairs, width int, null ...int) batch.Tokens {
	t.Helper()
	m := batch.NewMatrix[int32](batch.Allocator(ctx), int(p.NumRows()), width)
	for i := range m.Rows {
		for j := range m.Row(i) {
			m.Row(i)[j] = int32(i + j)
		}
	}
	for _, i := range null {
		m.SetNull(i)
	}
	column := m.Array()
	defer column.Release()
	out, err := batch.TokensOf(p, column)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func ids(b interface {
	NumRows() int64
	Label(int64) (string, string)
}) string {
	var all []string
	for i := range b.NumRows() {
		id, _ := b.Label(i)
		all = append(all, id)
	}
	return strings.Join(all, " ")
}

func TestSliceConcatDrop(t *testing.T) {
	ctx := pipetest.Context(t)
	p := pairs(t, ctx, 6)
	defer p.Release()
	all := tokens(t, ctx, p, 3, 4)
	defer all.Release()

	a, b := all.Slice(3, 6), all.Slice(1, 2)
	defer a.Release()
	defer b.Release()
	joined, err := a.Concat(ctx, []batch.Tokens{b, all})
	if err != nil {
		t.Fatal(err)
	}
	defer joined.Release()
	if got, want := ids(joined), "p3 p4 p5 p1 p0 p1 p2 p3 p4 p5"; got != want {
		t.Errorf("joined %s, not %s", got, want)
	}
	kept, err := joined.Drop(ctx, []int64{0, 3, 4, 9})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Release()
	if got, want := ids(kept), "p4 p5 p1 p2 p3 p4"; got != want {
		t.Errorf("kept %s, not %s", got, want)
	}
	m := kept.Tokens()
	for i, want := range []int32{4, 5, 1, 2, 3, 4} {
		if null := want == 4; m.IsNull(i) != null || !null && m.Row(i)[2] != want+2 {
			t.Errorf("row %d: %v, null %v", i, m.Row(i), m.IsNull(i))
		}
	}
	if _, origin := kept.Label(2); origin != "list.tsv:11" {
		t.Errorf("origin %q", origin)
	}
	none, err := joined.Drop(ctx, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	if err != nil || none.NumRows() != 0 {
		t.Errorf("%d rows kept of none, %v", none.NumRows(), err)
	}
	none.Release()
}

func TestMatrixOfSlices(t *testing.T) {
	ctx := pipetest.Context(t)
	p := pairs(t, ctx, 9)
	defer p.Release()
	all := tokens(t, ctx, p, 2)
	defer all.Release()
	part := all.Slice(2, 9)
	defer part.Release()
	deeper := part.Slice(3, 5) // rows 5 and 6
	defer deeper.Release()
	if m := deeper.Tokens(); m.Rows != 2 || m.Width != 2 || !slices.Equal(m.Values, []int32{5, 6, 6, 7}) {
		t.Errorf("%d×%d %v", m.Rows, m.Width, m.Values)
	}
	if got, want := deeper.Bytes(), all.Bytes()*2/9; got < want-4 || got > want+4 {
		t.Errorf("2 of 9 rows take %d bytes, not %d", got, want)
	}
}

func TestConstructorsCheckTheSchema(t *testing.T) {
	ctx := pipetest.Context(t)
	p := pairs(t, ctx, 2)
	defer p.Release()
	x := tokens(t, ctx, p, 3)
	defer x.Release()
	for _, test := range []struct {
		make func() error
		want string
	}{
		{func() error { _, err := batch.NewPairs(p); return err }, ""},
		{func() error { _, err := batch.NewTokens(x); return err }, ""},
		{func() error { _, err := batch.NewPairs(x); return err }, `batch.Pairs: column 1 is "tokens", not "image"`},
		{func() error { _, err := batch.NewTextFeatures(x); return err }, `batch.TextFeatures: column 1 is "tokens", not "text_features"`},
		{func() error { _, err := batch.TokensOf(p, p.Column(2)); return err }, `batch.Tokens: column "tokens" is utf8, not fixed_size_list`},
		{func() error { _, err := batch.TokensOf(p, x.Column(1).(*array.FixedSizeList).ListValues()); return err },
			`batch.Tokens: column "tokens" has 6 rows, not 2`},
	} {
		if err := test.make(); fmt.Sprint(err) != test.want && (test.want == "" && err != nil || !strings.HasPrefix(fmt.Sprint(err), test.want)) {
			t.Errorf("%v\nnot %s", err, test.want)
		}
	}
}

func TestFurtherColumnsAndNotesRideAlong(t *testing.T) {
	ctx := pipetest.Context(t)
	p := pairs(t, ctx, 3)
	defer p.Release()
	column := func() arrow.Array {
		m := batch.NewMatrix[float32](batch.Allocator(ctx), 3, 4)
		return m.Array()
	}
	make := func(model string) (batch.ImageFeatures, batch.TextFeatures) {
		pixels, features := column(), column()
		defer pixels.Release()
		defer features.Release()
		x, err := batch.PixelsOf(p, pixels, batch.Note{Key: batch.PreprocessNote, Value: "bicubic"})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Release()
		images, err := batch.ImageFeaturesOf(x, features, batch.Note{Key: batch.ModelNote, Value: model})
		if err != nil {
			t.Fatal(err)
		}
		y := tokens(t, ctx, p, 5)
		defer y.Release()
		texts, err := batch.TextFeaturesOf(y, features, batch.Note{Key: batch.ModelNote, Value: "b32"})
		if err != nil {
			t.Fatal(err)
		}
		return images, texts
	}
	images, texts := make("b32")
	defer images.Release()
	defer texts.Release()
	both, err := batch.Join(ctx, images, texts)
	if err != nil {
		t.Fatal(err)
	}
	defer both.Release()
	if got, want := batch.Fingerprint(both.Schema()), "model=b32 preprocess=bicubic"; got != want {
		t.Errorf("fingerprint %q, not %q", got, want)
	}
	vectors, err := batch.VectorsOf(both, both.Column(2), both.Column(3))
	if err != nil {
		t.Fatal(err)
	}
	defer vectors.Release()
	var names []string
	for _, f := range vectors.Schema().Fields() {
		names = append(names, f.Name)
	}
	if got, want := strings.Join(names, " "), "id caption image_embedding text_embedding origin_lane origin_offset url"; got != want {
		t.Errorf("columns %s, not %s", got, want)
	}

	other, texts2 := make("l14")
	defer other.Release()
	defer texts2.Release()
	if _, err := batch.Join(ctx, other, texts); err == nil || !strings.Contains(err.Error(), "pairstream.model is l14 in one branch and b32 in the other") {
		t.Errorf("%v", err)
	}
	part := texts.Slice(1, 3)
	defer part.Release()
	if _, err := batch.Join(ctx, images, part); err == nil {
		t.Error("rows of different pairs were joined")
	}
}

func TestBuilderNotesBadRows(t *testing.T) {
	ctx := pipetest.Context(t)
	b := batch.NewPairsBuilder(ctx)
	defer b.Release()
	b.Append("a.tar", 0, "x", []byte{1}, "")
	b.AppendBad("a.tar", 1, "y", errors.New("no caption"))
	p, err := b.NewPairs()
	defer p.Release()
	var bad pipeline.RowErrors
	if !errors.As(err, &bad) || len(bad) != 1 || bad[0].Row != 1 {
		t.Fatalf("%v", err)
	}
	if caption, ok := p.Caption(0); caption != "" || !ok || p.Picture(0) == nil {
		t.Error("an empty caption is not a missing one")
	}
	if _, ok := p.Caption(1); ok || p.Picture(1) != nil {
		t.Error("a bad row has a picture or caption")
	}
	if again, err := b.NewPairs(); err != nil || again.NumRows() != 0 {
		t.Error("the builder did not begin anew")
	} else {
		again.Release()
	}
}

func TestConcatOfDifferentColumns(t *testing.T) {
	ctx := pipetest.Context(t)
	a := pairs(t, ctx, 2)
	defer a.Release()
	builder := batch.NewPairsBuilder(ctx)
	defer builder.Release()
	builder.Append("x", 0, "x", nil, "")
	b, _ := builder.NewPairs()
	defer b.Release()
	if _, err := a.Concat(ctx, []batch.Pairs{b}); err == nil || !strings.HasPrefix(err.Error(), "concatenate batch.Pairs: columns") {
		t.Errorf("%v", err)
	}
}

// The two branches of a Tee share a batch, which may be a slice with nulls.
func TestSlicesCanBeShared(t *testing.T) {
	ctx := pipetest.Context(t)
	p := pairs(t, ctx, 6)
	defer p.Release()
	all := tokens(t, ctx, p, 3, 2, 4)
	defer all.Release()
	part := all.Slice(1, 5)
	defer part.Release()
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			if n := part.Tokens().NullRows(); n != 2 {
				t.Errorf("%d null rows, not 2", n)
			}
		})
	}
	readers.Wait()
}
