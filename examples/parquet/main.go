// Parquet embeds the pairs in Parquet files into a directory of parts: each row once, whatever is killed and started
// again. Without arguments it draws such a file first.
//
//	go run ./examples/parquet [FILES [PARTS]]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/stages"
)

func main() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "pairstream-*")
	if err != nil {
		log.Fatal(err)
	}
	files, out := filepath.Join(dir, "scenes.parquet"), filepath.Join(dir, "parts")
	if len(os.Args) > 1 {
		files = os.Args[1]
	} else if err := draw(ctx, files); err != nil {
		log.Fatal(err)
	}
	if len(os.Args) > 2 {
		out = os.Args[2]
	}

	parts := &sinks.Parts[batch.Vectors]{Dir: out}
	pairs := &sources.Parquet{Path: files, Resume: parts.Resume} // row groups that are stored are not read
	vectors := stages.Embed{Model: model.Tiny()}.Draw(pipeline.From(pairs))
	runner := pipeline.Runner{Rejects: parts.Rejects()} // a bad picture is stored too, as a reject
	if err := runner.Run(ctx, pipeline.Into(vectors, parts)); err != nil {
		log.Fatal(err)
	}
	report, err := sinks.Verify(ctx, out)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s → %s: %d rows, %d rejects, %d problems\n", files, out, report.Rows, report.Rejects, len(report.Problems))
}

// draw makes a Parquet file of drawn pictures and their captions, in row groups of ten.
func draw(ctx context.Context, path string) error {
	scenes := pipeline.From(&sources.Scenes{N: 24, Seed: 7})
	return pipeline.Run(ctx, pipeline.Into(scenes, &sinks.Parquet[batch.Pairs]{Path: path, GroupRows: 10}))
}
