package sinks_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
)

// A place is where a row is from.
type place struct {
	lane   string
	offset int64
}

// from makes places of a lane.
func from(lane string, offsets ...int64) []place {
	places := make([]place, len(offsets))
	for i, offset := range offsets {
		places[i] = place{lane, offset}
	}
	return places
}

// upTo makes the places of a lane from first to next-1.
func upTo(lane string, first, next int64) []place {
	var places []place
	for ; first < next; first++ {
		places = append(places, place{lane, first})
	}
	return places
}

// rowsAt makes embeddings of rows from places, whose ids are "lane:offset".
func rowsAt(ctx context.Context, model string, places ...place) batch.Vectors {
	notes := arrow.NewMetadata([]string{batch.ModelNote}, []string{model})
	b := array.NewRecordBuilder(batch.Allocator(ctx), arrow.NewSchema([]arrow.Field{
		{Name: batch.ID, Type: arrow.BinaryTypes.String},
		{Name: batch.Caption, Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: batch.Lane, Type: arrow.BinaryTypes.String},
		{Name: batch.Offset, Type: arrow.PrimitiveTypes.Int64},
	}, nil))
	defer b.Release()
	image, text := batch.NewMatrix[float32](batch.Allocator(ctx), len(places), 4), batch.NewMatrix[float32](batch.Allocator(ctx), len(places), 4)
	for i, p := range places {
		b.Field(0).(*array.StringBuilder).Append(fmt.Sprintf("%s:%d", p.lane, p.offset))
		b.Field(1).(*array.StringBuilder).Append("a caption")
		b.Field(2).(*array.StringBuilder).Append(p.lane)
		b.Field(3).(*array.Int64Builder).Append(p.offset)
		image.Row(i)[0], text.Row(i)[1] = float32(p.offset), float32(len(p.lane))
	}
	r := b.NewRecord()
	defer r.Release()
	images, texts := image.Array(), text.Array()
	defer images.Release()
	defer texts.Release()
	f := r.Schema().Fields()
	schema := arrow.NewSchema([]arrow.Field{f[0], f[1],
		{Name: batch.ImageEmbedding, Type: images.DataType(), Nullable: true},
		{Name: batch.TextEmbedding, Type: texts.DataType(), Nullable: true}, f[2], f[3]}, &notes)
	v, err := batch.NewVectors(array.NewRecord(schema,
		[]arrow.Array{r.Column(0), r.Column(1), images, texts, r.Column(2), r.Column(3)}, int64(len(places))))
	if err != nil {
		panic(err)
	}
	return v
}

// put writes rows from places to a sink.
func put(t testing.TB, ctx context.Context, s pipeline.Sink[batch.Vectors], places ...place) {
	t.Helper()
	v := rowsAt(ctx, "a", places...)
	defer v.Release()
	if err := s.Write(ctx, v); err != nil {
		t.Fatal(err)
	}
}

// rejectsAt makes rejects of rows from places.
func rejectsAt(places ...place) pipeline.Rejects {
	rejects := make(pipeline.Rejects, len(places))
	for i, p := range places {
		origin := fmt.Sprintf("%s:%d", p.lane, p.offset)
		rejects[i] = pipeline.Reject{ID: origin, Step: "preprocess", Reason: "unexpected EOF", Origin: origin}
	}
	return rejects
}

func putRejects(t testing.TB, ctx context.Context, s pipeline.Sink[pipeline.Rejects], places ...place) {
	t.Helper()
	if err := s.Write(ctx, rejectsAt(places...)); err != nil {
		t.Fatal(err)
	}
}

type partRow struct {
	ID     string     `parquet:"id"`
	Image  []*float32 `parquet:"image_embedding,list,optional"`
	Lane   string     `parquet:"origin_lane"`
	Offset int64      `parquet:"origin_offset"`
}

// stored verifies a directory, and returns the places of its rows and of its rejects, sorted. Rows are read by another
// library than the one that wrote them.
func stored(t testing.TB, dir string) (rows, rejects []place) {
	t.Helper()
	report, err := sinks.Verify(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range report.Problems {
		t.Error(problem)
	}
	for _, p := range report.Parts {
		for _, r := range readParquet[partRow](t, filepath.Join(dir, p.Name)) {
			if r.ID != fmt.Sprintf("%s:%d", r.Lane, r.Offset) || *r.Image[0] != float32(r.Offset) {
				t.Errorf("%s: row %s from %s:%d", p.Name, r.ID, r.Lane, r.Offset)
			}
			rows = append(rows, place{r.Lane, r.Offset})
		}
	}
	for r, err := range sinks.ReadRejects(dir) {
		if err != nil {
			t.Fatal(err)
		}
		var p place
		colon := strings.LastIndexByte(r.Origin, ':')
		p.lane = r.Origin[:colon]
		if _, err := fmt.Sscan(r.Origin[colon+1:], &p.offset); err != nil {
			t.Fatal(err)
		}
		rejects = append(rejects, p)
	}
	for _, places := range [][]place{rows, rejects} {
		slices.SortFunc(places, comparePlaces)
	}
	if int64(len(rows)) != report.Rows || int64(len(rejects)) != report.Rejects {
		t.Errorf("%d rows and %d rejects, and a report of %d and %d", len(rows), len(rejects), report.Rows, report.Rejects)
	}
	return rows, rejects
}

func comparePlaces(a, b place) int {
	if c := strings.Compare(a.lane, b.lane); c != 0 {
		return c
	}
	return int(a.offset - b.offset)
}

func checkPlaces(t testing.TB, what string, got, want []place) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, not %v", what, got, want)
	}
}

// partsOf returns a directory's parts as "first-next rows+rejects", by lane.
func partsOf(t testing.TB, dir string) map[string][]string {
	t.Helper()
	report, err := sinks.Verify(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]string{}
	for _, p := range report.Parts {
		parts[p.Lane] = append(parts[p.Lane], fmt.Sprintf("%d-%d %d+%d", p.First, p.Next, p.Rows, p.Rejects))
	}
	return parts
}

func checkParts(t testing.TB, dir, lane string, want ...string) {
	t.Helper()
	if got := partsOf(t, dir)[lane]; !slices.Equal(got, want) {
		t.Errorf("parts of %q are %q, not %q", lane, got, want)
	}
}
