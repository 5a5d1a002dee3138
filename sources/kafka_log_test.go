package sources_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
)

func TestKafkaRetention(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1)
		b.Produce(t, raw(topic, 1, 100)...)
		group := "group-" + topic
		ctx := timeout(t, pipetest.Context(t))
		source := func() *sources.Kafka {
			return &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, ToEnd: true, Limits: sources.Limits{Rows: 10}}
		}
		s := open(t, ctx, source())
		readRows(t, ctx, s, 10)
		if err := s.Commit(ctx, 1); err != nil {
			t.Fatal(err)
		}
		s.Close()
		b.DeleteRecords(t, topic, 0, 60)

		s = open(t, ctx, source())
		_, err := s.Read(ctx)
		checkError(t, err, topic+"/0", "records 10 to 59 were deleted before they were read")
		s.Close()

		var w warnings
		s = source()
		s.SkipLost, s.Warn = true, w.add
		open(t, ctx, s)
		if rows := readAll(t, ctx, s); len(rows) != 40 || rows[0].id != "id-60" {
			t.Errorf("%d rows from %s on, not 40 from id-60", len(rows), rows[0].id)
		}
		s.Close()
		w.check(t, "records 10 to 59 were deleted before they were read")

		fresh := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true})
		if rows := readAll(t, ctx, fresh); len(rows) != 40 { // who begins now has lost nothing
			t.Errorf("%d rows, not 40", len(rows))
		}
		fresh.Close()
	})
}

// A topic that is deleted and made anew, with fewer records, ends a source that was further, whether that was reading or
// begins where its sink says.
func TestKafkaTopicMadeAnew(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1)
		b.Produce(t, raw(topic, 1, 50)...)
		ctx := timeout(t, pipetest.Context(t))
		s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}})
		readRows(t, ctx, s, 50)
		b.Delete(t, topic)
		b.Make(t, topic, 1)
		b.Produce(t, raw(topic, 1, 10)...)
		_, err := s.Read(ctx)
		checkError(t, err, topic+"/0", "offset 50 is behind the end at", "made anew")
		s.Close()
		s = open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic},
			Resume: func(context.Context, string) (int64, bool, error) { return 50, true, nil }})
		_, err = s.Read(ctx)
		checkError(t, err, topic+"/0", "offset 50 is behind the end at 10")
		s.Close()
	})
}

// One bit flips in each response that has records: in every place of a batch's head and in its first records. All rows
// come, none twice.
func TestKafkaSurvivesFlippedBits(t *testing.T) {
	const batches = 80
	filling := strings.Repeat("x", 30_000) // so that a response has two batches or three
	var mu sync.Mutex
	flips := 0
	b := kafkatest.Start(t, kfake.NumBrokers(1), kafkatest.Tamper(func(response []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		for i, at := range kafkatest.Batches(response) {
			if i == flips%2 { // the first or the second of the response
				place := at[0] + flips/2%(at[1]-at[0])
				response[place] ^= 1 << (7 - flips%8)
				flips++
				break
			}
		}
		return response
	}))
	topic := b.Topic(t, 1)
	for _, r := range raw(topic, 1, batches) {
		r.Value = append(r.Value, filling...)
		b.Produce(t, r)
	}
	ctx := timeout(t, pipetest.Context(t))
	var w warnings
	s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true, Warn: w.add,
		BufferBytes: 1, Wait: time.Millisecond})
	rows := readAll(t, ctx, s)
	s.Close()
	for i, r := range rows {
		if want := (got{fmt.Sprintf("id-%d", i), fmt.Sprintf("picture %d", i) + filling, fmt.Sprintf("caption %d", i), fmt.Sprintf("%s/0:%d", topic, i), ""}); r != want {
			t.Fatalf("row %d is %.300v", i, r)
		}
	}
	if len(rows) != batches {
		t.Errorf("%d rows, not %d", len(rows), batches)
	}
	if flips < 100 {
		t.Errorf("only %d bits flipped", flips)
	}
	t.Logf("%d bits flipped, %d warnings", flips, len(w.texts))
}

// A record that stays corrupt is an error, and what is before it is read.
func TestKafkaCorruptRecord(t *testing.T) {
	b := kafkatest.Start(t, kfake.NumBrokers(1), kafkatest.Tamper(func(response []byte) []byte {
		if i := strings.Index(string(response), "picture 5"); i >= 0 {
			response[i] ^= 1
		}
		return response
	}))
	topic := b.Topic(t, 1)
	for _, r := range raw(topic, 1, 10) {
		b.Produce(t, r)
	}
	ctx := timeout(t, pipetest.Context(t))
	var w warnings
	s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true, Warn: w.add, Stall: 300 * time.Millisecond})
	rows := readRows(t, ctx, s, 5)
	_, err := s.Read(ctx)
	checkError(t, err, topic+"/0", "no progress", "checksum")
	w.check(t, "checksum")
	if len(rows) != 5 || rows[4].id != "id-4" {
		t.Errorf("rows %v", rows)
	}
	s.Close()
}

func TestKafkaAbortedTransactions(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1)
		records := raw(topic, 1, 80)
		for i := range 8 {
			part := records[i*10 : (i+1)*10]
			if i%3 == 0 { // without a transaction
				b.Produce(t, part...)
				continue
			}
			b.Do(t, func(ctx context.Context, c *kgo.Client) error {
				if err := c.BeginTransaction(); err != nil {
					return err
				}
				for _, r := range part { // a batch each
					if err := c.ProduceSync(ctx, r).FirstErr(); err != nil {
						return err
					}
				}
				return c.EndTransaction(ctx, kgo.TransactionEndTry(i%3 == 1))
			}, kgo.TransactionalID(fmt.Sprintf("%s-%d", topic, i%3)))
		}
		until(t, "the last marker is written", func() bool { return b.Count(t, topic) == 85 })
		ctx := timeout(t, pipetest.Context(t))
		var w warnings
		group := "group-" + topic
		s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, ToEnd: true, Warn: w.add})
		rows := readAll(t, ctx, s)
		var want []string
		for i := range 80 {
			if i/10%3 != 2 {
				want = append(want, fmt.Sprintf("id-%d", i))
			}
		}
		slices.Sort(want)
		if !slices.Equal(ids(rows), want) {
			t.Errorf("%d rows, not %d: %v", len(rows), len(want), ids(rows))
		}
		if err := s.Commit(ctx, 100); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if got := b.Committed(t, group, topic, 1); got[0] != 85 { // with a marker behind each of five transactions
			t.Errorf("committed %d, not 85", got[0])
		}
		if w.has("no record") {
			t.Errorf("%q", w.texts)
		}
	})
}

func TestKafkaCompactedTopic(t *testing.T) {
	b := kafkatest.Start(t)
	topic := b.Topic(t, 1, "cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.01", "segment.ms", "1")
	records := raw(topic, 1, 60)
	for i, r := range records {
		r.Key = fmt.Appendf(nil, "id-%d", i%20)
	}
	for i := range 20 {
		b.Produce(t, records[i*3:(i+1)*3]...)
	}
	b.Fake.Compact()
	ctx := timeout(t, pipetest.Context(t))
	var w warnings
	s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true, Warn: w.add})
	rows := readAll(t, ctx, s)
	latest := map[string]string{}
	for _, r := range rows {
		latest[r.id] = r.image
	}
	for i := 40; i < 60; i++ {
		id := fmt.Sprintf("id-%d", i%20)
		if want := fmt.Sprintf("picture %d", i); latest[id] != want {
			t.Errorf("%s is %q, not %q", id, latest[id], want)
		}
	}
	if len(rows) >= 60 {
		t.Errorf("%d rows: nothing was compacted", len(rows))
	}
	w.check(t, "no record at offset")
	s.Close()
}
