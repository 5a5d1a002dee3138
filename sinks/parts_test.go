package sinks_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
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

type vectorParts = sinks.Parts[batch.Vectors]

// onePart is a size by which every write becomes a part.
const onePart = 1

// unlimited is a size that no test writes.
const unlimited = 1 << 40

func TestPartsFormChains(t *testing.T) {
	sinks.SpoilPages(t)
	ctx := pipetest.Context(t)
	dir := filepath.Join(t.TempDir(), "new", "out")
	s := &vectorParts{Dir: dir, PartBytes: onePart}
	open(t, ctx, s)
	put(t, ctx, s, upTo("b/0", 0, 3)...)
	put(t, ctx, s, from("a", 7, 9, 12)...)
	put(t, ctx, s, upTo("b/0", 3, 5)...)
	put(t, ctx, s, append(upTo("b/0", 5, 6), from("a", 20)...)...)
	if n := s.Stored(); n != 4 {
		t.Errorf("%d writes stored", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkParts(t, dir, "b/0", "0-3 3+0", "3-5 2+0", "5-6 1+0")
	checkParts(t, dir, "a", "0-13 3+0", "13-21 1+0")
	want := []string{
		"pairs-a-00000000000000000000.parquet", "pairs-a-00000000000000000013.parquet",
		"pairs-b%2F0-00000000000000000000.parquet", "pairs-b%2F0-00000000000000000003.parquet", "pairs-b%2F0-00000000000000000005.parquet",
	}
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("files %q", got)
	}
	rows, _ := stored(t, dir)
	checkPlaces(t, "rows", rows, append(from("a", 7, 9, 12, 20), upTo("b/0", 0, 6)...))
}

func TestPartsResume(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	s := &vectorParts{Dir: dir, PartBytes: unlimited}
	if _, _, err := s.Resume(ctx, "a"); err == nil {
		t.Error("a sink that is not open says where to resume")
	}
	open(t, ctx, s)
	put(t, ctx, s, upTo("a", 0, 5)...)
	if next, ok, err := s.Resume(ctx, "a"); next != 0 || ok || err != nil {
		t.Errorf("with nothing published: %d, %v, %v", next, ok, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	later, other := &vectorParts{Dir: dir}, &vectorParts{Dir: dir}
	open(t, ctx, later)
	open(t, ctx, other)
	for range 2 {
		if next, ok, err := later.Resume(ctx, "a"); next != 5 || !ok || err != nil {
			t.Errorf("%d, %v, %v", next, ok, err)
		}
	}
	if next, ok, err := later.Resume(ctx, "b"); next != 0 || ok || err != nil {
		t.Errorf("another lane: %d, %v, %v", next, ok, err)
	}
	put(t, ctx, other, append(upTo("a", 3, 8), upTo("b", 0, 2)...)...)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if next, _, err := later.Resume(ctx, "a"); next != 8 || err != nil {
		t.Errorf("behind what another published: %d, %v", next, err)
	}
	if next, _, err := later.Resume(ctx, "b"); next != 2 || err != nil {
		t.Errorf("a lane that another began: %d, %v", next, err)
	}
	if err := later.Close(); err != nil {
		t.Fatal(err)
	}
	rows, _ := stored(t, dir)
	checkPlaces(t, "rows", rows, append(upTo("a", 0, 8), upTo("b", 0, 2)...))
}

func TestPartsDropWhatComesAgain(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	s := &vectorParts{Dir: dir, PartBytes: unlimited}
	rejects := s.Rejects()
	open(t, ctx, s)
	put(t, ctx, s, upTo("a", 0, 4)...)
	putRejects(t, ctx, rejects, from("a", 5)...)
	put(t, ctx, s, from("a", 4, 6)...)
	// All is delivered again: a row is rejected now that was not, and another is not that was.
	putRejects(t, ctx, rejects, from("a", 3, 5)...)
	put(t, ctx, s, from("a", 0, 1, 2, 4, 5, 6, 7)...)
	if n := s.Repeated(); n != 8 {
		t.Errorf("%d rows and rejects repeated", n)
	}
	if err := errors.Join(s.Close(), rejects.Close()); err != nil {
		t.Fatal(err)
	}
	checkParts(t, dir, "a", "0-8 7+1")
	rows, rejected := stored(t, dir)
	checkPlaces(t, "rows", rows, from("a", 0, 1, 2, 3, 4, 6, 7))
	checkPlaces(t, "rejects", rejected, from("a", 5))
}

func TestPartsRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		write func(t *testing.T, ctx context.Context, s *vectorParts) error
		want  string
	}{
		"rows that do not ascend in a batch": {func(t *testing.T, ctx context.Context, s *vectorParts) error {
			v := rowsAt(ctx, "a", from("a", 1, 3, 2)...)
			defer v.Release()
			return s.Write(ctx, v)
		}, `lane "a": offset 2 comes after offset 3: its rows must ascend`},
		"rows that do not ascend": {func(t *testing.T, ctx context.Context, s *vectorParts) error {
			put(t, ctx, s, from("a", 1, 3)...)
			v := rowsAt(ctx, "a", from("a", 2)...)
			defer v.Release()
			return s.Write(ctx, v)
		}, `lane "a": offset 2 comes after offset 3: its rows must ascend`},
		"rows of another model": {func(t *testing.T, ctx context.Context, s *vectorParts) error {
			put(t, ctx, s, from("a", 1)...)
			v := rowsAt(ctx, "b", from("a", 2)...)
			defer v.Release()
			return s.Write(ctx, v)
		}, `rows made with "model=b" after rows made with "model=a"`},
		"a negative offset": {func(t *testing.T, ctx context.Context, s *vectorParts) error {
			v := rowsAt(ctx, "a", from("a", -1)...)
			defer v.Release()
			return s.Write(ctx, v)
		}, `lane "a" has an offset of -1`},
		"a reject without an origin": {func(t *testing.T, ctx context.Context, s *vectorParts) error {
			return s.Rejects().Write(ctx, pipeline.Rejects{{ID: "x", Origin: "captions.tsv"}})
		}, `row "x" was rejected without a lane and an offset: its origin is "captions.tsv"`},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			s := &vectorParts{Dir: t.TempDir()}
			open(t, ctx, s)
			err := c.write(t, ctx, s)
			if err == nil || err.Error() != s.Dir+": "+c.want {
				t.Errorf("%v, not %s", err, c.want)
			}
			if err := s.Abort(); err != nil {
				t.Error(err)
			}
			if left := tree(t, s.Dir); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

func TestPartsRefuseRowsWithoutOrigins(t *testing.T) {
	ctx := pipetest.Context(t)
	m := batch.MetricsOf(batch.Allocator(ctx), 1, 1, 1, 1)
	defer m.Release()
	s := &sinks.Parts[batch.Metrics]{Dir: t.TempDir()}
	open(t, ctx, s)
	defer s.Abort()
	if err := s.Write(ctx, m); err == nil || !strings.Contains(err.Error(), "rows have no origin_lane (utf8) or no origin_offset (int64)") {
		t.Error(err)
	}
}

func TestPartsRefuseAnotherModelsDirectory(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	v, w := rowsAt(ctx, "a", upTo("a", 0, 2)...), rowsAt(ctx, "b", upTo("b", 0, 2)...)
	defer v.Release()
	defer w.Release()
	store(t, ctx, pipeline.Sink[batch.Vectors](&vectorParts{Dir: dir}), v)
	s := &vectorParts{Dir: dir}
	open(t, ctx, s)
	defer s.Abort()
	if err := s.Write(ctx, w); err == nil || err.Error() != dir+`: rows made with "model=b" after rows made with "model=a"` {
		t.Error(err)
	}
}

func TestPartsTakeRejects(t *testing.T) {
	for name, c := range map[string]struct {
		rows, rejects []place
		flushed       []string // parts before Close
		closed        []string
	}{
		"between rows":          {from("a", 0, 2, 4), from("a", 1, 3), []string{"0-5 3+2"}, []string{"0-5 3+2"}},
		"behind them":           {from("a", 0, 1), from("a", 2, 3), []string{"0-4 2+2"}, []string{"0-4 2+2"}},
		"behind rows to come":   {from("a", 0, 1), from("a", 3, 5), []string{"0-2 2+0"}, []string{"0-2 2+0", "2-6 0+2"}},
		"alone":                 {nil, from("a", 0, 1), []string{"0-2 0+2"}, []string{"0-2 0+2"}},
		"alone behind a gap":    {nil, from("a", 1, 2), nil, []string{"0-3 0+2"}},
		"in another lane alone": {from("b", 0), from("a", 0), []string{"0-1 0+1"}, []string{"0-1 0+1"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				s := &vectorParts{Dir: dir, Flush: time.Second}
				rejects := s.Rejects()
				open(t, ctx, s)
				putRejects(t, ctx, rejects, c.rejects...)
				if len(c.rows) > 0 {
					put(t, ctx, s, c.rows...)
				}
				if s.Stored() != 0 || rejects.(pipeline.Storer).Stored() != 0 {
					t.Error("stored before anything is published")
				}
				time.Sleep(2 * time.Second)
				s.Stored()
				checkParts(t, dir, "a", c.flushed...)
				if got, want := rejects.(pipeline.Storer).Stored() == 1, slices.Equal(c.flushed, c.closed); got != want {
					t.Errorf("the rejects are stored: %v, not %v", got, want)
				}
				if err := errors.Join(s.Close(), rejects.Close()); err != nil {
					t.Fatal(err)
				}
				if rejects.(pipeline.Storer).Stored() != 1 {
					t.Error("the rejects are not stored")
				}
			})
			checkParts(t, dir, "a", c.closed...)
			rows, rejects := stored(t, dir)
			checkPlaces(t, "rows", rows, c.rows)
			checkPlaces(t, "rejects", rejects, c.rejects)
			// A part without rows does not stand in the way of rows to come, whatever their columns.
			ctx := pipetest.Context(t)
			v := rowsAt(ctx, "a", from("a", 0, 9)...)
			defer v.Release()
			store(t, ctx, pipeline.Sink[batch.Vectors](&vectorParts{Dir: dir}), v)
			rows, _ = stored(t, dir)
			if last := rows[slices.IndexFunc(rows, func(p place) bool { return p == place{"a", 9} })]; last.offset != 9 {
				t.Error(rows)
			}
		})
	}
}

func TestPartsRejectsAfterTheRows(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	s := &vectorParts{Dir: dir}
	rejects := s.Rejects()
	open(t, ctx, s)
	put(t, ctx, s, from("a", 0)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	putRejects(t, ctx, rejects, from("b", 4)...) // of a flow that ends later
	if err := rejects.Close(); err != nil {
		t.Fatal(err)
	}
	_, rejected := stored(t, dir)
	checkPlaces(t, "rejects", rejected, from("b", 4))
}

func TestPartsSplitManyRejects(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	s := &vectorParts{Dir: dir}
	rejects := s.Rejects()
	open(t, ctx, s)
	long := rejectsAt(upTo("a", 0, 3)...)
	for i := range long {
		long[i].Reason = strings.Repeat("because ", 300<<10)
	}
	if err := rejects.Write(ctx, long); err != nil {
		t.Fatal(err)
	}
	put(t, ctx, s, upTo("a", 3, 5)...)
	if err := errors.Join(s.Close(), rejects.Close()); err != nil {
		t.Fatal(err)
	}
	checkParts(t, dir, "a", "0-1 0+1", "1-2 0+1", "2-5 2+1")
}

type halfRow struct {
	Image [][]byte `parquet:"image_embedding,list,optional"`
}

type binaryRow struct {
	Image []byte `parquet:"image_embedding,optional"`
}

func TestPartsLayouts(t *testing.T) {
	sinks.SpoilPages(t)
	for _, c := range []struct{ half, fixed bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		for _, null := range [][]int{nil, {0, 3, 4, 11}} {
			t.Run(fmt.Sprintf("half %v, fixed %v, nulls %v", c.half, c.fixed, null), func(t *testing.T) {
				ctx := pipetest.Context(t)
				whole := vectors(t, ctx, 12, 6, "a", null...)
				defer whole.Release()
				v := whole.Slice(2, 12)
				defer v.Release()
				dir := t.TempDir()
				store(t, ctx, pipeline.Sink[batch.Vectors](&vectorParts{Dir: dir, Half: c.half, Fixed: c.fixed, GroupRows: 7}), v)
				path := filepath.Join(dir, tree(t, dir)[0])
				if report := verify(t, dir); len(report.Problems) > 0 || report.Rows != 10 {
					t.Errorf("%+v", report)
				}
				want := func(i int) []byte {
					if v.Image().IsNull(i) {
						return nil
					}
					var b []byte
					for _, f := range v.Image().Row(i) {
						if c.half {
							b = binary.LittleEndian.AppendUint16(b, sinks.HalfBits(f))
						} else {
							b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
						}
					}
					return b
				}
				var got [][]byte
				switch {
				case c.fixed:
					for _, row := range readParquet[binaryRow](t, path) {
						got = append(got, row.Image)
					}
					if typ, _ := openParquet(t, path).Lookup("image_embedding.type"); typ != map[bool]string{true: "float16", false: "float32"}[c.half] {
						t.Errorf("numbers of type %q", typ)
					}
				case c.half:
					for _, row := range readParquet[halfRow](t, path) {
						got = append(got, bytes.Join(row.Image, nil))
					}
				default:
					checkVectors(t, readParquet[vectorRow](t, path), v)
					return
				}
				for i := range got {
					if !bytes.Equal(got[i], want(i)) {
						t.Errorf("row %d: %x, not %x", i, got[i], want(i))
					}
				}
				if len(got) != 10 {
					t.Errorf("%d rows", len(got))
				}
				again := &vectorParts{Dir: dir, Half: !c.half, Fixed: c.fixed}
				open(t, ctx, again)
				defer again.Abort()
				if err := again.Write(ctx, v); err == nil || !strings.Contains(err.Error(), `column "image_embedding" of `) {
					t.Errorf("another layout in the directory: %v", err)
				}
			})
		}
	}
}

func TestPartsBoundWhatTheyHold(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	one := rowsAt(ctx, "a", upTo("a", 0, 10)...)
	each := one.Bytes()
	one.Release()
	s := &vectorParts{Dir: dir, BufferBytes: 4*each + each/2}
	open(t, ctx, s)
	put(t, ctx, s, upTo("a", 0, 10)...)
	put(t, ctx, s, append(upTo("b", 0, 20), upTo("c", 0, 10)...)...)
	if left := tree(t, dir); len(left) > 0 {
		t.Errorf("published %q of what may be held", left)
	}
	put(t, ctx, s, upTo("a", 10, 15)...)
	checkParts(t, dir, "b", "0-20 20+0") // the largest
	put(t, ctx, s, upTo("c", 10, 25)...)
	checkParts(t, dir, "c")
	put(t, ctx, s, upTo("d", 0, 6)...)
	checkParts(t, dir, "c", "0-25 25+0")
	if n := s.Stored(); n != 0 {
		t.Errorf("%d writes stored, the first of which is held", n)
	}
	if err := s.Abort(); err != nil {
		t.Fatal(err)
	}
	rows, _ := stored(t, dir)
	checkPlaces(t, "rows", rows, append(upTo("b", 0, 20), upTo("c", 0, 25)...))
}

func TestPartsOfAThousandLanes(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	var all []place
	for _, lanes := range []int{1000, 100} { // the second time behind the first
		s := &vectorParts{Dir: dir}
		sinks.SetDisk(s, sinks.NoSync)
		open(t, ctx, s)
		var places []place
		for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(lanes) {
			lane := fmt.Sprintf("shards/%05d.tar", i)
			next, _, err := s.Resume(ctx, lane)
			if err != nil {
				t.Fatal(err)
			}
			places = append(places, from(lane, next, next+1)...)
		}
		put(t, ctx, s, places...)
		all = append(all, places...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	rows, _ := stored(t, dir)
	slices.SortFunc(all, comparePlaces)
	checkPlaces(t, "rows", rows, all)
}

func TestPartsOfLanesOfAnyName(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	s := &vectorParts{Dir: dir}
	open(t, ctx, s)
	long := strings.Repeat("long/", 60)
	lanes := []string{"", "a", "a-0", "A", "a-00000000000000000000", "../../etc", "ünï 100%:\x00", long + "1", long + "2", "a/b", "a%2Fb"}
	var want []place
	for _, lane := range lanes {
		put(t, ctx, s, from(lane, 0, 1)...)
		want = append(want, from(lane, 0, 1)...)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	rows, _ := stored(t, dir)
	slices.SortFunc(want, comparePlaces)
	checkPlaces(t, "rows", rows, want)
	again := &vectorParts{Dir: dir}
	open(t, ctx, again)
	defer again.Abort()
	for _, lane := range lanes {
		if next, _, err := again.Resume(ctx, lane); next != 2 || err != nil {
			t.Errorf("%q: %d, %v", lane, next, err)
		}
	}
}

func TestPartsSweepWhatDeadWritersLeft(t *testing.T) {
	ctx := pipetest.Context(t)
	dir := t.TempDir()
	dead, other := ".pairs-a-00000000000000000000.parquet.0123456789abcdef.tmp", ".pairs-a.tmp"
	for _, name := range []string{dead, other} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("PAR1"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	alive := sinks.BeginDraft(t, dir, "pairs-b-00000000000000000000.parquet")
	s := &vectorParts{Dir: dir}
	open(t, ctx, s)
	defer s.Abort()
	if left, want := tree(t, dir), []string{other, filepath.Base(alive)}; !slices.Equal(left, want) {
		t.Errorf("left %q, not %q", left, want)
	}
}
