package sources_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/sources"
)

// BenchmarkKafka reads messages of 100 KB into batches, beside a client that only receives them. The brokers in this
// process take a good part of its time: set PAIRSTREAM_KAFKA to compare.
func BenchmarkKafka(b *testing.B) {
	const partitions, n, size = 4, 2000, 100_000
	broker := kafkatest.One(b)
	topic := broker.Topic(b, partitions)
	records := raw(topic, partitions, n)
	for i, r := range records {
		r.Value = make([]byte, size)
		r.Value[0] = byte(i)
	}
	broker.Produce(b, records...)
	b.Run("pairs", func(b *testing.B) {
		b.SetBytes(n * size)
		for b.Loop() {
			rows := 0
			s := &sources.Kafka{Brokers: broker.Addresses, Topics: []string{topic}, ToEnd: true}
			if err := s.Open(b.Context()); err != nil {
				b.Fatal(err)
			}
			for {
				p, err := s.Read(b.Context())
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					b.Fatal(err)
				}
				rows += int(p.NumRows())
				p.Release()
			}
			s.Close()
			if rows != n {
				b.Fatalf("%d rows of %d", rows, n)
			}
		}
	})
	b.Run("franz-go, received only", func(b *testing.B) {
		b.SetBytes(n * size)
		for b.Loop() {
			rows := 0
			broker.Do(b, func(ctx context.Context, c *kgo.Client) error {
				for rows < n {
					rows += c.PollFetches(ctx).NumRecords()
				}
				return nil
			}, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
		}
	})
}
