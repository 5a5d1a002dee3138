package sinks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"github.com/cespare/xxhash/v2"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Keys of a part's footer, beside those of [Parquet].
const (
	laneKey     = "part.lane"
	firstKey    = "part.first"
	nextKey     = "part.next"
	rowsKey     = "part.rows"
	rejectedKey = "part.rejected" // how many
	rejectsKey  = "part.rejects"  // as JSON; left out where there are none
	sealKey     = "part.checksum" // see seal
)

// writePart writes a part to its draft. The schema is for one without rows.
func writePart(ctx context.Context, d draft, p part, schema *arrow.Schema, settings partSettings) error {
	sum := xxhash.New()
	f := newParquetFile(d.aside, io.MultiWriter(sum, d.aside), settings.groupRows, settings.groupBytes)
	f.layout = settings.layout
	if len(p.rows) == 0 {
		if err := f.begin(schema); err != nil {
			return err
		}
	}
	rows, err := f.writeRuns(ctx, p.rows)
	if err != nil {
		return err
	}
	entries := []keyValue{
		{laneKey, p.lane},
		{firstKey, strconv.FormatInt(p.first, 10)},
		{nextKey, strconv.FormatInt(p.next, 10)},
		{rowsKey, strconv.Itoa(rows)},
		{rejectedKey, strconv.Itoa(len(p.rejects))},
	}
	if len(p.rejects) > 0 {
		rejects := make(pipeline.Rejects, len(p.rejects))
		for i, r := range p.rejects {
			rejects[i] = r.row
		}
		text, err := json.Marshal(rejects)
		if err != nil {
			return fmt.Errorf("%s: %w", d.path, err)
		}
		entries = append(entries, keyValue{rejectsKey, string(text)})
	}
	if err := f.finish(append(entries, keyValue{sealKey, noSeal})...); err != nil {
		return err
	}
	return putSeal(d, sum.Sum64())
}

// A footer is what a part says of itself.
type footer struct {
	lane                        string
	first, next, rows, rejected int64
	rejects                     string        // JSON
	schema                      *arrow.Schema // with its notes; nil where it is but rejectsSchema
}

// readFooter reads the footer of an open part.
func readFooter(part store.File) (f footer, err error) {
	err = readParquet(part, func(r *file.Reader) error {
		f, err = footerOf(r)
		return err
	})
	return f, err
}

// readParquet calls a function with a reader of a part whose footer is as it was written: the reader would allocate
// whatever a damaged one asks for.
func readParquet(part store.File, read func(r *file.Reader) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%v", v)
		}
		if err != nil {
			err = fmt.Errorf("%s: %w", part.Name(), err)
		}
	}()
	if _, err := getSeal(part); err != nil {
		return err
	}
	r, err := file.NewParquetReader(part)
	if err != nil {
		return err
	}
	return read(r)
}

func footerOf(r *file.Reader) (f footer, err error) {
	pairs := r.MetaData().KeyValueMetadata()
	schema, err := pqarrow.FromParquet(r.MetaData().Schema, nil, pairs)
	if err != nil {
		return f, err
	}
	fields := schema.Fields()
	for i := range fields {
		fields[i].Metadata = arrow.Metadata{} // Parquet's ids of columns
	}
	metadata := notes(schema)
	f.schema = arrow.NewSchema(fields, &metadata)
	values := map[string]string{}
	for i, key := range pairs.Keys() {
		values[key] = pairs.Values()[i]
	}
	for key, number := range map[string]*int64{firstKey: &f.first, nextKey: &f.next, rowsKey: &f.rows, rejectedKey: &f.rejected} {
		if *number, err = strconv.ParseInt(values[key], 10, 64); err != nil || *number < 0 {
			return f, fmt.Errorf("%s is %q", key, values[key])
		}
	}
	f.lane, f.rejects = values[laneKey], values[rejectsKey]
	if f.schema.NumFields() == rejectsSchema.NumFields() && f.rows == 0 {
		f.schema = nil
	}
	if f.first >= f.next {
		return f, fmt.Errorf("it accounts for offsets %d to %d", f.first, f.next-1)
	}
	return f, nil
}

// readOrigins calls a function with the lane and offset of every row of a part.
func readOrigins(ctx context.Context, part store.File, row func(lane string, offset int64) error) error {
	return readParquet(part, func(r *file.Reader) error {
		if r.NumRows() == 0 {
			return nil
		}
		rows, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{BatchSize: 1 << 14}, memory.DefaultAllocator)
		if err != nil {
			return err
		}
		schema := r.MetaData().Schema
		columns := []int{schema.ColumnIndexByName(batch.Lane), schema.ColumnIndexByName(batch.Offset)}
		records, err := rows.GetRecordReader(ctx, columns, nil)
		if err != nil {
			return err
		}
		defer records.Release()
		for records.Next() {
			lanes, offsets, err := origins(records.Record())
			if err != nil {
				return err
			}
			for i, offset := range offsets {
				if err := row(lanes.Value(i), offset); err != nil {
					return err
				}
			}
		}
		if err := records.Err(); !errors.Is(err, io.EOF) { // which is how arrow/go 17 says that all is well
			return err
		}
		return nil
	})
}
