package main

import (
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources"
)

func publishCommand() *cobra.Command {
	var from sourceFlags
	var how runFlags
	var to string
	c := &cobra.Command{
		Use:   "publish --source SOURCE --sink kafka://HOST:PORT/TOPIC",
		Short: "Put pairs, or where they are, into a topic",
		Long: `Reads the pairs of a source and puts each into a topic that is there, keyed by id: as JSON with the picture in base64,
or, with ?format=raw, as the bare picture with the caption in a header. All replicas that are in sync have a pair before
it counts as stored.

With ?shards=1 it puts in where pairs are, not the pairs: a descriptor of each Parquet row group or tar file. Workers in a
group take those: embed --source 'kafka://HOST:PORT/TOPIC?shards=1&root=DIR&group=G', where DIR is the directory that
the source's path names here.`,
		Example: `  pairstream publish --source photos/ --sink 'kafka://localhost:9092/pairs?format=raw'
  pairstream publish --source scenes:20000 --sink kafka://localhost:9092/pairs
  pairstream publish --source 'parquet:laion/*.parquet' --sink 'kafka://localhost:9092/shards?shards=1'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			source, err := from.open()
			if err != nil {
				return err
			}
			if u, err := url.Parse(to); err == nil && u.Query().Has("shards") {
				return publishShards(c, &how, source, from.address, to)
			}
			sink, err := openSink[batch.Pairs](to)
			if err != nil {
				return err
			}
			return how.run(c, source, pipeline.Into(pipeline.From(source), sink))
		},
	}
	from.add(c, "")
	how.add(c)
	c.Flags().StringVar(&to, "sink", "", "a topic: kafka://HOST:PORT/TOPIC?format=json|raw|arrow")
	must(c.MarkFlagRequired("sink"))
	return c
}

// publishShards publishes where the pieces of a source are.
func publishShards(c *cobra.Command, how *runFlags, source pipeline.Source[batch.Pairs], address, to string) error {
	pieces, ok := source.(sources.Sharder)
	if !ok {
		return usageError{fmt.Errorf("--source: %s has no shards: only parquet: and tar: have", address)}
	}
	sink, err := openSink[batch.Shards](to)
	if err != nil {
		return err
	}
	list := &sources.ShardList{Of: pieces}
	return how.run(c, list, pipeline.Into(pipeline.From(list), sink))
}
