package sinks_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

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
