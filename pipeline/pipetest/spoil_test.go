package pipetest

import (
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// What a test keeps of a batch beyond its release is not what it was.
func TestSpoiling(t *testing.T) {
	ctx := Context(t)
	b := batch.NewPairsBuilder(ctx)
	defer b.Release()
	b.Append("lane", 0, "id", []byte("picture"), "caption")
	pairs, err := b.NewPairs()
	if err != nil {
		t.Fatal(err)
	}
	kept := pairs.Column(1).(*array.Binary).Value(0)
	if string(kept) != "picture" {
		t.Fatalf("%q before its release", kept)
	}
	pairs.Release()
	if string(kept) == "picture" {
		t.Error("a picture outlives its batch")
	}
}
