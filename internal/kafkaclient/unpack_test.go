package kafkaclient

import (
	"bytes"
	"slices"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// set makes a batch of records at offsets, which begins at base.
func set(base int64, offsets ...int64) protocol.RecordReader {
	var records []kafka.Record
	for _, o := range offsets {
		records = append(records, kafka.Record{Offset: o, Value: kafka.NewBytes(bytes.Repeat([]byte{'x'}, int(o)))})
	}
	return &protocol.RecordBatch{BaseOffset: base, Records: kafka.NewRecordReader(records...)}
}

func TestUnpack(t *testing.T) {
	marker := &protocol.ControlBatch{BaseOffset: 12, Records: kafka.NewRecordReader(kafka.Record{Offset: 12})}
	for name, test := range map[string]struct {
		sets                          []protocol.RecordReader
		end, doubted                  int64
		offsets                       []int64
		next, nextDoubted, nextMissed int64
	}{
		"nothing":                          {nil, -1, -1, nil, 10, -1, -1},
		"one after another":                {[]protocol.RecordReader{set(10, 10, 11), set(12, 12)}, -1, -1, []int64{10, 11, 12}, 13, -1, -1},
		"a marker behind":                  {[]protocol.RecordReader{set(10, 10, 11), marker}, -1, -1, []int64{10, 11}, 13, -1, -1},
		"up to an end":                     {[]protocol.RecordReader{set(10, 10, 11, 12), set(13, 13)}, 12, -1, []int64{10, 11}, 12, -1, -1},
		"begins earlier: doubted":          {[]protocol.RecordReader{set(8, 8, 9, 10, 11)}, -1, -1, nil, 10, 8, -1},
		"begins earlier: again":            {[]protocol.RecordReader{set(8, 8, 9, 10, 11)}, -1, 8, []int64{10, 11}, 12, -1, -1},
		"a gap: doubted":                   {[]protocol.RecordReader{set(10, 10), set(15, 15)}, -1, -1, []int64{10}, 11, 15, -1},
		"a gap: again":                     {[]protocol.RecordReader{set(15, 15, 16)}, -1, 15, []int64{15, 16}, 17, -1, 10},
		"a gap within":                     {[]protocol.RecordReader{set(10, 10, 14)}, -1, -1, []int64{10, 14}, 15, -1, 11},
		"nothing left of a batch":          {[]protocol.RecordReader{set(10), set(11, 11)}, -1, -1, []int64{11}, 12, -1, 10},
		"nothing left of an earlier batch": {[]protocol.RecordReader{set(8, 8)}, -1, 8, nil, 11, -1, 10},
	} {
		t.Run(name, func(t *testing.T) {
			r := &fetch.ResponsePartition{RecordSet: protocol.RecordSet{Records: &protocol.RecordStream{Records: test.sets}}}
			u, err := Unpack(r, 10, test.end, test.doubted, 13)
			if err != nil {
				t.Fatal(err)
			}
			var offsets []int64
			for i, r := range u.Records {
				offsets = append(offsets, r.Offset)
				if r.Size != int(r.Offset) || (r.Value == nil) != (r.Size > 13) {
					t.Errorf("record %d has %d bytes of %d", r.Offset, len(r.Value), r.Size)
				}
				if i == len(u.Records)-1 && len(test.sets) == 1 && r.Next != u.Next {
					t.Errorf("goes on at %d, not %d", r.Next, u.Next)
				}
			}
			if !slices.Equal(offsets, test.offsets) || u.Next != test.next || u.Doubted != test.nextDoubted || u.Missing != test.nextMissed {
				t.Errorf("%v, next %d, doubted %d, missing %d", offsets, u.Next, u.Doubted, u.Missing)
			}
		})
	}
}
