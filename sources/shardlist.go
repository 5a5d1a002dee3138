package sources

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// ShardList gives descriptors of the pieces of a data set: what `pairstream publish` puts into a topic for [ShardTopic]
// to take out.
type ShardList struct {
	Of Sharder

	shards []Shard
	gauge  gauge
}

// listBatch is how many descriptors there are in a batch.
const listBatch = 256

// shardFields are the columns of descriptors, called as in their JSON.
var shardFields = []arrow.Field{
	{Name: batch.ID, Type: arrow.BinaryTypes.String},
	{Name: "file", Type: arrow.BinaryTypes.String},
	{Name: "row_group", Type: arrow.PrimitiveTypes.Int64},
	{Name: "first_row", Type: arrow.PrimitiveTypes.Int64},
	{Name: "rows", Type: arrow.PrimitiveTypes.Int64},
	{Name: "bytes", Type: arrow.PrimitiveTypes.Int64},
}

// Open lists the pieces. All must be there.
func (s *ShardList) Open(ctx context.Context) (err error) {
	s.shards, err = s.Of.Shards(ctx)
	s.gauge.reset(int64(len(s.shards)))
	return err
}

// Read returns the next descriptors.
func (s *ShardList) Read(ctx context.Context) (batch.Shards, error) {
	if err := ctx.Err(); err != nil {
		return batch.Shards{}, err
	}
	if len(s.shards) == 0 {
		return batch.Shards{}, io.EOF
	}
	b := array.NewRecordBuilder(batch.Allocator(ctx), arrow.NewSchema(shardFields, nil))
	defer b.Release()
	n := min(len(s.shards), listBatch)
	for _, shard := range s.shards[:n] {
		b.Field(0).(*array.StringBuilder).Append(shard.Lane())
		b.Field(1).(*array.StringBuilder).Append(shard.File)
		for i, number := range []int64{int64(shard.RowGroup), shard.FirstRow, shard.Rows, shard.Bytes} {
			b.Field(2 + i).(*array.Int64Builder).Append(number)
		}
	}
	s.shards = s.shards[n:]
	s.gauge.read.Add(int64(n))
	return batch.NewShards(b.NewRecord())
}

// Close does nothing.
func (s *ShardList) Close() error { return nil }

// Progress returns the share of the descriptors that has been read.
func (s *ShardList) Progress() float64 { return s.gauge.Progress() }
