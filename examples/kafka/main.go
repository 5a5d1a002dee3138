// Kafka puts drawn pairs into a topic, takes them out again, embeds them and stores each once in a directory of parts.
// Without an address it starts a broker of its own, in this process.
//
//	go run ./examples/kafka [HOST:PORT [PARTS]]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/sources/message"
	"github.com/pairstream/pairstream/stages"
)

const topic = "pairs" // which must be there

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "pairstream-*")
	if err != nil {
		return err
	}
	out := filepath.Join(dir, "parts")
	if len(os.Args) > 2 {
		out = os.Args[2]
	}
	var brokers []string
	if len(os.Args) > 1 {
		brokers = os.Args[1:2]
	} else {
		broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, topic)) // an imitation, for tests
		if err != nil {
			return err
		}
		defer broker.Close()
		brokers = broker.ListenAddrs()
	}

	drawn := pipeline.From(&sources.Scenes{N: 24, Seed: 7})
	if err := pipeline.Run(ctx, pipeline.Into(drawn, &sinks.Kafka[batch.Pairs]{Brokers: brokers, Topic: topic})); err != nil {
		return err
	}

	parts := &sinks.Parts[batch.Vectors]{Dir: out}
	pairs := &sources.Kafka{
		Brokers: brokers, Topics: []string{topic}, Messages: message.JSON{},
		Group:  "embed",      // start it again elsewhere, and they share the partitions
		Resume: parts.Resume, // what is stored is not read again, whoever has the partition now
		ToEnd:  true,         // without it, it goes on with what comes
	}
	vectors := stages.Embed{Model: model.Tiny()}.Draw(pipeline.From(pairs))
	runner := pipeline.Runner{Rejects: parts.Rejects()}
	if err := runner.Run(ctx, pipeline.Into(vectors, parts)); err != nil {
		return err
	}
	report, err := sinks.Verify(ctx, out)
	if err != nil {
		return err
	}
	fmt.Printf("%s → %s: %d rows, %d rejects, %d problems\n", topic, out, report.Rows, report.Rejects, len(report.Problems))
	return nil
}
