package main

import (
	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

func publishCommand() *cobra.Command {
	var from sourceFlags
	var how runFlags
	var to string
	c := &cobra.Command{
		Use:   "publish --source SOURCE --sink kafka://HOST:PORT/TOPIC",
		Short: "Put pairs into a topic",
		Long: `Reads the pairs of a source and puts each into a topic that is there, keyed by id: as JSON with the picture in base64,
or, with ?format=raw, as the bare picture with the caption in a header. All replicas that are in sync have a pair before
it counts as stored.`,
		Example: `  pairstream publish --source photos/ --sink 'kafka://localhost:9092/pairs?format=raw'
  pairstream publish --source scenes:20000 --sink kafka://localhost:9092/pairs`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			source, err := from.open()
			if err != nil {
				return err
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
