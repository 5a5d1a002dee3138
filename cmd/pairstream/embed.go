package main

import (
	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/stages"
)

// batchBytes bounds a batch of encoded pictures, of which the pipeline holds some twenty. Where pictures are so large that
// it has fewer than 32 of them, what the encoder loses by that is little beside what decoding takes.
const batchBytes = 4 << 20

func embedCommand() *cobra.Command {
	var from sourceFlags
	var with modelFlags
	var how runFlags
	var to string
	var rows int64
	var workers int
	var fast bool
	c := &cobra.Command{
		Use:   "embed --source SOURCE --sink SINK",
		Short: "Embed pictures and captions",
		Long: `Embeds every pair of a source and writes both embeddings, of unit length, to a sink: npy:DIR, parquet:FILE or
jsonl:FILE (- is standard output). Every pair is in the sink or among the rejects.

parquet:DIR, without .parquet behind it, is a directory of parts that each row comes to exactly once, rejects among them,
whatever is killed and started again: a run goes on where the parts end.`,
		Example: `  pairstream embed --source photos/ --sink npy:embeddings
  pairstream embed --source list:captions.tsv --sink parquet:embeddings.parquet --model clip-vit-base-patch32
  pairstream embed --source 'kafka://localhost:9092/pairs?group=embed' --sink parquet:embeddings/
  pairstream embed --source 'tar:shards/{00000..00099}.tar' --sink npy:embeddings --fast`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			source, err := from.open()
			if err != nil {
				return err
			}
			sink, err := openSink[batch.Vectors](to)
			if err != nil {
				return err
			}
			clip, err := with.open(c)
			if err != nil {
				return err
			}
			defer clip.Close()
			pairs := pipeline.Rebatch(pipeline.From(source), pipeline.Window{Rows: rows, Bytes: batchBytes})
			vectors := stages.Embed{Model: clip, Fast: fast, Workers: workers}.Draw(pairs)
			if err := how.resume(c, source, sink); err != nil {
				return err
			}
			return how.run(c, source, pipeline.Into(vectors, sink))
		},
	}
	from.add(c, "")
	with.add(c)
	how.add(c)
	c.Flags().StringVar(&to, "sink", "", "embeddings: npy:DIR, parquet:FILE, parquet:DIR, jsonl:FILE, kafka://HOST:PORT/TOPIC")
	must(c.MarkFlagRequired("sink"))
	c.Flags().Int64Var(&rows, "batch", 32, "pairs a batch")
	c.Flags().IntVar(&workers, "workers", 0, "goroutines that preprocess pictures (default: one a processor)")
	c.Flags().BoolVar(&fast, "fast", false, "decode large JPEGs at a part of their size: faster, not exact")
	return c
}
