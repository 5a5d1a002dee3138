package batch

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// A Place is where a row stands in training data: which time they are gone through, and the row there. Both count
// from 0.
type Place struct{ Epoch, Row int64 }

// WithPlaces returns pairs with the further columns Epoch and EpochRow: they follow each other from a place on.
func WithPlaces(ctx context.Context, p Pairs, first Place) Pairs {
	mem, n := Allocator(ctx), int(p.NumRows())
	epochs, rows := array.NewInt64Builder(mem), array.NewInt64Builder(mem)
	defer epochs.Release()
	defer rows.Release()
	for i := range n {
		epochs.Append(first.Epoch)
		rows.Append(first.Row + int64(i))
	}
	e, r := epochs.NewArray(), rows.NewArray()
	defer e.Release()
	defer r.Release()
	fields := append(p.Schema().Fields()[:p.NumCols():p.NumCols()],
		arrow.Field{Name: Epoch, Type: e.DataType()}, arrow.Field{Name: EpochRow, Type: r.DataType()})
	columns := append(p.Columns()[:p.NumCols():p.NumCols()], e, r)
	metadata := p.Schema().Metadata()
	return wrap[Pairs](array.NewRecord(arrow.NewSchema(fields, &metadata), columns, p.NumRows()))
}

// Places returns where the rows stand in training data, or an error where they come from no source that says so.
func (r Rows[T]) Places() ([]Place, error) {
	epochs, ok := r.column(Epoch).(*array.Int64)
	rows, also := r.column(EpochRow).(*array.Int64)
	if !ok || !also {
		return nil, fmt.Errorf("no columns %s and %s: the pairs are from no sources.Epochs", Epoch, EpochRow)
	}
	places := make([]Place, r.NumRows())
	for i := range places {
		places[i] = Place{epochs.Value(i), rows.Value(i)}
	}
	return places, nil
}

// Copied returns the rows in memory of their own: a slice keeps all that it was cut from.
func (r Rows[T]) Copied(ctx context.Context) (T, error) {
	columns := make([]arrow.Array, 0, r.NumCols())
	defer func() {
		for _, c := range columns {
			c.Release()
		}
	}()
	for _, c := range r.Columns() {
		own, err := array.Concatenate([]arrow.Array{c}, Allocator(ctx))
		if err != nil {
			var none T
			return none, err
		}
		columns = append(columns, own)
	}
	return wrap[T](array.NewRecord(r.Schema(), columns, r.NumRows())), nil
}
