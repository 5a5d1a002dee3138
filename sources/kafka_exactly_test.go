package sources_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
)

// Three workers of a group, of which one after another is aborted somewhere and begins anew, store each row of a topic
// exactly once between them, in Parquet or as a reject.
func TestKafkaToPartsExactlyOnce(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		const partitions, n = 6, 3000
		topic := b.Topic(t, partitions)
		records := raw(topic, partitions, n)
		bad := 0
		for i, r := range records {
			if i%50 == 7 {
				r.Headers = nil // no caption
				bad++
			}
		}
		b.Produce(t, records...)
		ctx := timeout(t, pipetest.Context(t))
		dir := t.TempDir()
		group := "group-" + topic
		worker := func(ctx context.Context) error {
			parts := &sinks.Parts[batch.Pairs]{Dir: dir, PartBytes: 2000, Flush: 10 * time.Millisecond}
			source := &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, ToEnd: true, Resume: parts.Resume,
				Limits: sources.Limits{Rows: 7}, Wait: time.Millisecond, SessionTimeout: time.Second}
			slow := pipeline.StageFunc[batch.Pairs, batch.Pairs](func(ctx context.Context, in batch.Pairs) (batch.Pairs, error) {
				in.Retain()
				timer := time.NewTimer(rand.N(time.Millisecond))
				defer timer.Stop()
				<-timer.C
				return in, nil
			})
			return pipeline.Runner{Rejects: parts.Rejects()}.Run(ctx, pipeline.Into(pipeline.Through(pipeline.From(source), slow), parts))
		}
		var aborts atomic.Int64
		var working sync.WaitGroup
		for range 3 {
			working.Go(func() {
				for range 3 {
					ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond+rand.N(300*time.Millisecond))
					err := worker(ctx)
					cancel()
					if errors.Is(err, context.DeadlineExceeded) {
						aborts.Add(1)
					} else if err != nil {
						t.Error(err)
					}
				}
			})
		}
		working.Wait()
		if err := worker(ctx); err != nil { // what is left
			t.Fatal(err)
		}
		stored := &sources.Parquet{Path: dir}
		if err := stored.Open(ctx); err != nil {
			t.Fatal(err)
		}
		var rows []got
		for {
			of, err := readBatch(ctx, stored)
			if err != nil {
				break
			}
			rows = append(rows, of...)
		}
		if err := stored.Close(); err != nil {
			t.Fatal(err)
		}
		var want []string
		for i := range n {
			if i%50 != 7 {
				want = append(want, fmt.Sprintf("id-%d", i))
			}
		}
		slices.Sort(want)
		if !slices.Equal(ids(rows), want) {
			t.Errorf("%d rows of %d, %d of them different", len(rows), len(want), len(slices.Compact(ids(rows))))
		}
		report, err := sinks.Verify(ctx, dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Problems) > 0 {
			t.Errorf("%q", report.Problems)
		}
		if report.Rejects != int64(bad) {
			t.Errorf("%d rejects of %d", report.Rejects, bad)
		}
		t.Logf("%d aborts", aborts.Load())
	})
}

// What waits to be read is bounded, however much there is.
func TestKafkaHoldsNoMoreThanItMay(t *testing.T) {
	var sent atomic.Int64
	b := kafkatest.Start(t, kfake.NumBrokers(1), kafkatest.Tamper(func(response []byte) []byte {
		for _, at := range kafkatest.Batches(response) {
			sent.Add(int64(at[1] - at[0]))
		}
		return response
	}))
	const partitions, each, size = 8, 40, 100_000
	topic := b.Topic(t, partitions)
	var records []*kgo.Record
	for i := range int32(partitions * each) {
		records = append(records, &kgo.Record{Topic: topic, Partition: i % partitions, Value: make([]byte, size)})
	}
	b.Produce(t, records...)
	ctx := timeout(t, pipetest.Context(t))
	const most = 4 << 20
	s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, BufferBytes: most, ToEnd: true, Wait: time.Millisecond})
	last := int64(-1)
	until(t, "it fetches no more", func() bool {
		time.Sleep(400 * time.Millisecond) // longer than a broker waits before it answers
		now := sent.Load()
		defer func() { last = now }()
		return now == last
	})
	if last > most+partitions*1_000_000 { // and a batch beyond that of each

		t.Errorf("%d bytes fetched and not read: the limit is %d", last, most)
	}
	if rows := readAll(t, ctx, s); len(rows) != partitions*each {
		t.Errorf("%d rows of %d", len(rows), partitions*each)
	}
	s.Close()
}
