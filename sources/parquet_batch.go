package sources

import (
	"context"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// newBuilder begins a batch. Its pictures are gathered apart: a builder grows by doubling, and clears what it grows by.
func (r *parquetRows) newBuilder(ctx context.Context) *batch.PairsBuilder {
	r.images, r.ends = memory.NewResizableBuffer(batch.ReusingAllocator(ctx)), append(r.ends[:0], 0)
	return batch.NewPairsBuilder(ctx)
}

func (r *parquetRows) release(b *batch.PairsBuilder) {
	r.images.Release()
	b.Release()
}

// addImage appends a picture to the batch that is being made.
func (r *parquetRows) addImage(picture []byte) {
	from := r.images.Len()
	if need := from + len(picture); need > r.images.Cap() {
		r.images.Reserve(max(need, 2*from, r.usual+r.usual/16))
	}
	r.images.ResizeNoShrink(from + len(picture))
	copy(r.images.Bytes()[from:], picture)
}

// lost returns a batch of one bad row, which stands for all that cannot be read.
func (r *parquetRows) lost(ctx context.Context, lane string, offset int64, id string, lost error) (batch.Pairs, error) {
	b := r.newBuilder(ctx)
	defer r.release(b)
	b.AppendBad(lane, offset, id, lost)
	r.ends = append(r.ends, 0)
	pairs, bad, err := r.complete(ctx, b, func(i int) (arrow.Array, error) {
		return array.MakeArrayOfNull(batch.Allocator(ctx), r.roles.called[i].Type, 1), nil
	})
	if err != nil {
		return batch.Pairs{}, err
	}
	return pairs, bad
}

// complete makes a batch of built rows, their pictures, and further columns, which a function makes.
func (r *parquetRows) complete(ctx context.Context, b *batch.PairsBuilder, further func(i int) (arrow.Array, error)) (pairs batch.Pairs, bad, err error) {
	built, bad := b.NewPairs()
	defer built.Release()
	if r.schema == nil {
		r.schema = arrow.NewSchema(append(slices.Clone(built.Schema().Fields()), r.roles.called...), nil)
	}
	columns := slices.Clone(built.Columns())
	columns[1] = r.imageColumn(ctx, columns[1])
	defer columns[1].Release()
	for i := range r.roles.further {
		column, err := further(i)
		if err != nil {
			return batch.Pairs{}, nil, err
		}
		defer column.Release()
		columns = append(columns, column)
	}
	record := array.NewRecord(r.schema, columns, built.NumRows())
	if pairs, err = batch.NewPairs(record); err != nil {
		record.Release()
	}
	return pairs, bad, err
}

// imageColumn returns a column of the pictures, with the nulls of another.
func (r *parquetRows) imageColumn(ctx context.Context, nulls arrow.Array) arrow.Array {
	r.usual = max(r.images.Len(), r.usual-r.usual/4) // the last batch of a group may be small
	offsets := memory.NewResizableBuffer(batch.Allocator(ctx))
	defer offsets.Release()
	offsets.Resize(arrow.Int32Traits.BytesRequired(len(r.ends)))
	copy(offsets.Bytes(), arrow.Int32Traits.CastToBytes(r.ends))
	data := array.NewData(arrow.BinaryTypes.Binary, len(r.ends)-1, []*memory.Buffer{nulls.Data().Buffers()[0], offsets, r.images}, nil, nulls.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// pickRows returns a copy of some rows of a column, which ascend, and may come several times.
func pickRows(ctx context.Context, column arrow.Array, rows []int) (arrow.Array, error) {
	var runs []arrow.Array
	for from := 0; from < len(rows); {
		to := from + 1
		for to < len(rows) && rows[to] == rows[to-1]+1 {
			to++
		}
		run := array.NewSlice(column, int64(rows[from]), int64(rows[to-1]+1))
		defer run.Release()
		runs = append(runs, run)
		from = to
	}
	return array.Concatenate(runs, batch.Allocator(ctx))
}
