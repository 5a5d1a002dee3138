package main

import (
	"context"
	"errors"
	"reflect"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
)

// writeParquet writes records, structs of numbers and strings, to a file whose columns have the names of their JSON.
func writeParquet[R any](ctx context.Context, path string, records []R) error {
	if len(records) == 0 {
		return nil
	}
	table := tableOf(ctx, records)
	defer table.Release()
	sink := &sinks.Parquet[batch.Table]{Path: path}
	if err := sink.Open(ctx); err != nil {
		return err
	}
	if err := sink.Write(ctx, table); err != nil {
		return errors.Join(err, sink.Abort())
	}
	return sink.Close()
}

func tableOf[R any](ctx context.Context, records []R) batch.Table {
	of := reflect.TypeFor[R]()
	var fields []arrow.Field
	for i := range of.NumField() {
		var typ arrow.DataType = arrow.PrimitiveTypes.Int64
		switch of.Field(i).Type.Kind() {
		case reflect.Float64:
			typ = arrow.PrimitiveTypes.Float64
		case reflect.String:
			typ = arrow.BinaryTypes.String
		}
		fields = append(fields, arrow.Field{Name: of.Field(i).Tag.Get("json"), Type: typ})
	}
	b := array.NewRecordBuilder(batch.Allocator(ctx), arrow.NewSchema(fields, nil))
	defer b.Release()
	for _, record := range records {
		values := reflect.ValueOf(record)
		for i := range fields {
			switch column := b.Field(i).(type) {
			case *array.Float64Builder:
				column.Append(values.Field(i).Float())
			case *array.StringBuilder:
				column.Append(values.Field(i).String())
			case *array.Int64Builder:
				column.Append(values.Field(i).Int())
			}
		}
	}
	return batch.NewTable(b.NewRecord())
}
