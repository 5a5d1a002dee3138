package sources_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
)

// raw returns n records of a topic as RawMessages wants them, over its partitions in turns.
func raw(topic string, partitions, n int) []*kgo.Record {
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{
			Topic: topic, Partition: int32(i % partitions),
			Key: fmt.Appendf(nil, "id-%d", i), Value: fmt.Appendf(nil, "picture %d", i),
			Headers: []kgo.RecordHeader{{Key: "caption", Value: fmt.Appendf(nil, "caption %d", i)}},
		}
	}
	return records
}

// open opens a source, which the test closes.
func open(t *testing.T, ctx context.Context, s *sources.Kafka) *sources.Kafka {
	t.Helper()
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	t.Cleanup(func() { once.Do(func() { s.Close() }) })
	return s
}

// A got is a row that was read.
type got struct {
	id, image, caption, origin string
	bad                        string // why
}

// readBatch reads a batch.
func readBatch(ctx context.Context, s pipeline.Source[batch.Pairs]) ([]got, error) {
	b, err := s.Read(ctx)
	var bad pipeline.RowErrors
	if err != nil && !errors.As(err, &bad) {
		return nil, err
	}
	defer b.Release()
	rows := make([]got, b.NumRows())
	for i := range rows {
		rows[i].id, rows[i].origin = b.Label(int64(i))
		rows[i].image = string(b.Picture(i))
		caption, _ := b.Caption(i)
		rows[i].caption = strings.Clone(caption)
	}
	for _, e := range bad {
		rows[e.Row].bad = e.Err.Error()
	}
	return rows, nil
}

// readAll reads a source to its end.
func readAll(t *testing.T, ctx context.Context, s *sources.Kafka) []got {
	t.Helper()
	var all []got
	for {
		rows, err := readBatch(ctx, s)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("after %d rows: %v", len(all), err)
		}
		all = append(all, rows...)
	}
}

// readRows reads n rows or more.
func readRows(t *testing.T, ctx context.Context, s *sources.Kafka, n int) []got {
	t.Helper()
	var all []got
	for len(all) < n {
		rows, err := readBatch(ctx, s)
		if err != nil {
			t.Fatalf("after %d of %d rows: %v", len(all), n, err)
		}
		all = append(all, rows...)
	}
	return all
}

func ids(rows []got) []string {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.id
	}
	slices.Sort(ids)
	return ids
}

func wantIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("id-%d", i)
	}
	slices.Sort(ids)
	return ids
}

// timeout bounds a test whose broker might not answer.
func timeout(t *testing.T, ctx context.Context) context.Context {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestKafkaKeepsTheContract(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1)
		b.Produce(t, raw(topic, 1, 100)...)
		for name, group := range map[string]bool{"alone": false, "in a group": true} {
			t.Run(name, func(t *testing.T) {
				n := 0
				pipetest.TestSource(t, func() pipeline.Source[batch.Pairs] {
					s := &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true}
					if n++; group {
						s.Group = fmt.Sprintf("%s-%s-%d", topic, t.Name(), n)
					}
					return s
				})
			})
		}
	})
}

func TestKafkaReadsAllPartitionsToTheirEnds(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		one, two := b.Topic(t, 3), b.Topic(t, 2)
		records := append(raw(one, 3, 300), raw(two, 2, 100)...)
		b.Produce(t, records...)
		ctx := timeout(t, pipetest.Context(t))
		s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{one, two}, ToEnd: true, Limits: sources.Limits{Rows: 5}})
		until(t, "there are rows of all partitions", func() bool {
			return len(s.Lag()) == 5 && !slices.Contains(slices.Collect(maps.Values(s.Lag())), 0)
		})
		var rows []got
		last := map[string]int{}
		longest, run, of := 0, 0, "" // batches of one partition on end
		for {
			batch, err := readBatch(ctx, s)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if len(batch) > 5 {
				t.Errorf("%d rows in a batch", len(batch))
			}
			first, _, _ := strings.Cut(batch[0].origin, ":")
			if first != of {
				of, run = first, 0
			}
			run++
			longest = max(longest, run)
			for _, r := range batch {
				lane, offset, _ := strings.Cut(r.origin, ":")
				if lane != first {
					t.Errorf("lanes %s and %s in a batch", first, lane)
				}
				if want := fmt.Sprint(last[lane]); offset != want {
					t.Errorf("%s: offset %s, not %s", lane, offset, want)
				}
				last[lane]++
			}
			rows = append(rows, batch...)
		}
		if longest > 10 {
			t.Errorf("%d batches of one partition on end", longest)
		}
		want := append(wantIDs(300), wantIDs(100)...)
		slices.Sort(want)
		if !slices.Equal(ids(rows), want) {
			t.Errorf("%d rows, not those that were written", len(rows))
		}
		if len(last) != 5 {
			t.Errorf("lanes %v", last)
		}
		for lane, lag := range s.Lag() {
			if lag != 0 {
				t.Errorf("%s: lag %d at the end", lane, lag)
			}
		}
		if p := s.Progress(); p != 1 {
			t.Errorf("progress %v at the end", p)
		}
	})
}

func TestKafkaCommitsWhatIsStored(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1)
		b.Produce(t, raw(topic, 1, 100)...)
		group := "group-" + topic
		source := func() *sources.Kafka {
			return &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, ToEnd: true, Limits: sources.Limits{Rows: 10}}
		}
		ctx := timeout(t, pipetest.Context(t))
		s := open(t, ctx, source())
		readRows(t, ctx, s, 50)
		if err := s.Commit(ctx, 2); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if got := b.Committed(t, group, topic, 1); got[0] != 20 {
			t.Errorf("committed %d, not 20", got[0])
		}
		again := open(t, ctx, source())
		rows := readAll(t, ctx, again)
		if len(rows) != 80 || rows[0].id != "id-20" {
			t.Errorf("%d rows from %s on, not 80 from id-20", len(rows), rows[0].id)
		}
		if err := again.Commit(ctx, 8); err != nil {
			t.Fatal(err)
		}
		again.Close()
		if got := b.Committed(t, group, topic, 1); got[0] != 100 {
			t.Errorf("committed %d, not 100", got[0])
		}
	})
}

// Observers hear of the lag of each partition.
func TestKafkaLagReachesObservers(t *testing.T) {
	b := kafkatest.Start(t)
	topic := b.Topic(t, 3)
	b.Produce(t, raw(topic, 3, 90)...)
	ctx := timeout(t, pipetest.Context(t))
	var last map[string]int64
	runner := pipeline.Runner{Observers: []pipeline.Observer{pipeline.ObserverFunc(func(e pipeline.Event) {
		if l, ok := e.(pipeline.Lagging); ok {
			last = l.Lag
		}
	})}}
	source := &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Limits: sources.Limits{Rows: 10}}
	read := 0
	stop := make(chan struct{})
	runner.Stop = stop
	count := pipeline.StageFunc[batch.Pairs, batch.Pairs](func(_ context.Context, in batch.Pairs) (batch.Pairs, error) {
		if read += int(in.NumRows()); read == 90 {
			close(stop)
		}
		in.Retain()
		return in, nil
	})
	flow := pipeline.Into(pipeline.Through(pipeline.From(source), count), &sinks.Discard[batch.Pairs]{})
	if err := runner.Run(ctx, flow); err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{topic + "/0": 0, topic + "/1": 0, topic + "/2": 0}
	if !maps.Equal(last, want) {
		t.Errorf("lag %v, not %v", last, want)
	}
}
