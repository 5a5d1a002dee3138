// Embedfolder embeds a folder of pictures with captions (cat.jpg beside cat.txt, or a captions.tsv) into .npy files
// that numpy reads. Without arguments it draws a folder first.
//
//	go run ./examples/embedfolder [FOLDER [OUT]]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/sources/scenes"
	"github.com/pairstream/pairstream/stages"
)

func main() {
	dir, err := os.MkdirTemp("", "pairstream-*")
	if err != nil {
		log.Fatal(err)
	}
	folder, out := filepath.Join(dir, "scenes"), filepath.Join(dir, "embeddings")
	if len(os.Args) > 1 {
		folder = os.Args[1]
	} else if err := scenes.WriteFolder(folder, 7, 24, 224); err != nil {
		log.Fatal(err)
	}
	if len(os.Args) > 2 {
		out = os.Args[2]
	}

	vectors := stages.Embed{Model: model.Tiny()}.Draw(pipeline.From(&sources.Folder{Path: folder}))
	runner := pipeline.Runner{Rejects: &sinks.Rejects{Path: "rejects.jsonl"}} // bad pictures do not end the run
	if err := runner.Run(context.Background(), pipeline.Into(vectors, &sinks.Npy{Dir: out})); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s → %s\n", folder, out)
}
