package sinks

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// writeRuns writes runs as whole row groups, a column after the other, and returns how many rows they have. So no column
// has to wait in memory for those before it, as in a file that is written batch by batch.
func (f *parquetFile) writeRuns(ctx context.Context, runs []run) (rows int, err error) {
	var group []arrow.Record // pages
	defer func() { releaseAll(group) }()
	var groupRows, groupBytes int64
	flush := func() error {
		err := f.writeGroup(group, groupRows)
		releaseAll(group)
		group, groupRows, groupBytes = nil, 0, 0
		return err
	}
	for _, r := range runs {
		if err := f.admit(r.Schema()); err != nil {
			return 0, err
		}
		each := r.bytes/r.NumRows() + 1
		for from := int64(0); from < r.NumRows(); {
			room := min(pageBytes/each, f.groupRows-groupRows, (f.groupBytes-groupBytes)/each)
			to := min(from+max(room, 1), r.NumRows())
			page, err := f.page(ctx, r.Record, from, to)
			if err != nil {
				return 0, err
			}
			group, groupRows, groupBytes = append(group, page), groupRows+to-from, groupBytes+(to-from)*each
			rows, from = rows+int(to-from), to
			if groupRows == f.groupRows || groupBytes >= f.groupBytes {
				if err := flush(); err != nil {
					return 0, err
				}
			}
		}
	}
	if len(group) == 0 {
		return rows, nil
	}
	return rows, flush()
}

func releaseAll(records []arrow.Record) {
	for _, r := range records {
		r.Release()
	}
}

// writeGroup writes pages as a row group. The writer is lent their bytes without their counts of references, as where it
// fails it does not give all of these back.
func (f *parquetFile) writeGroup(pages []arrow.Record, rows int64) error {
	lent := make([]arrow.Record, len(pages))
	for i, page := range pages {
		columns := make([]arrow.Array, page.NumCols())
		for j, column := range page.Columns() {
			columns[j] = array.MakeFromData(lend(column.Data()))
		}
		lent[i] = array.NewRecord(f.schema, columns, page.NumRows())
	}
	table := array.NewTableFromRecords(f.schema, lent)
	return f.try(func() error {
		err := f.writer.WriteTable(table, rows)
		if written, countErr := f.writer.RowGroupNumRows(); err == nil && countErr == nil && int64(written) != rows {
			err = fmt.Errorf("%d rows in a row group, not %d", written, rows)
		} else if err == nil {
			err = countErr
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		return nil
	})
}

// lend returns data over the same bytes that owns none of them.
func lend(d arrow.ArrayData) arrow.ArrayData {
	buffers := make([]*memory.Buffer, len(d.Buffers()))
	for i, b := range d.Buffers() {
		if b != nil {
			buffers[i] = memory.NewBufferBytes(b.Bytes())
		}
	}
	children := make([]arrow.ArrayData, len(d.Children()))
	for i, child := range d.Children() {
		children[i] = lend(child)
	}
	if dictionary, _ := d.Dictionary().(*array.Data); dictionary != nil { // it is a nil in an interface where there is none
		return array.NewDataWithDictionary(d.DataType(), d.Len(), buffers, d.NullN(), d.Offset(), lend(dictionary).(*array.Data))
	}
	return array.NewData(d.DataType(), d.Len(), buffers, children, d.NullN(), d.Offset())
}
