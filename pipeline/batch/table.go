package batch

import "github.com/apache/arrow/go/v17/arrow"

// A Table is rows of any columns, for what is none of the sorts above: figures of a run, for example.
type Table struct{ Rows[Table] }

// NewTable makes a Table of a record, which it takes over.
func NewTable(r arrow.Record) Table { return wrap[Table](r) }
