// Package sinks holds the sinks of a pipeline, one a file:
//
//	Parquet   any batch to one Parquet file
//	Parts     rows with origins to a directory of Parquet files, each exactly once: see also Verify
//	Npy       embeddings to .npy arrays with their metadata beside them, as clip-retrieval lays them out
//	Array     one column of any batch to an .npy array
//	JSONL     any batch to a file of JSON lines, or to standard output
//	Rejects   bad rows to a file of JSON lines
//	Collect   any batch to memory
//	Discard   any batch to nowhere, counted
//
// [Open] makes one of an address.
//
// What goes to files is all or nothing: it is written under names that end in .tmp and moved to its place when the
// sink is closed. A run that fails leaves what was there before it; one that is killed leaves its .tmp files, which the
// next run to the same place removes. Rejects are appended as they come, and Parts publishes whole files as it goes.
package sinks

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// A Table is a batch of rows and columns: any of package batch.
type Table[T any] interface {
	arrow.Record
	pipeline.Windowed[T]
	pipeline.Sized
}

// checkNames returns an error where two columns have the same name, as they cannot in a file.
func checkNames(schema *arrow.Schema) error {
	seen := map[string]bool{}
	for _, f := range schema.Fields() {
		if seen[f.Name] {
			return fmt.Errorf("two columns are named %q", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

// checkFollows returns an error where rows of a schema cannot be in one file with earlier rows.
func checkFollows(earlier, schema *arrow.Schema) error {
	if have, want := schema.NumFields(), earlier.NumFields(); have != want {
		return fmt.Errorf("%d columns after rows of %d", have, want)
	}
	for i, want := range earlier.Fields() {
		if have := schema.Field(i); !have.Equal(want) {
			return fmt.Errorf("column %q of %v after column %q of %v", have.Name, have.Type, want.Name, want.Type)
		}
	}
	if have, want := batch.Fingerprint(schema), batch.Fingerprint(earlier); have != want {
		return fmt.Errorf("rows made with %q after rows made with %q", have, want)
	}
	return nil
}
