package sinks_test

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

// warnings counts what a sink warns of.
type warnings struct {
	mu    sync.Mutex
	texts []string
}

func (w *warnings) add(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, err.Error())
}

func (w *warnings) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.texts, "\n")
}

// Faults that pass: all rows are there, in their order, those of a partition that was told of a timeout twice.
func TestKafkaWritesAgain(t *testing.T) {
	for name, test := range map[string]struct {
		fault func(b *kafkatest.Broker)
		warns string
		twice bool
	}{
		"timed out after storing": {func(b *kafkatest.Broker) {
			b.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RequestTimedOut, Count: 2})
		}, "Request Timed Out", true},
		"not enough replicas": {func(b *kafkatest.Broker) {
			b.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: 5})
		}, "Not Enough Replicas", false},
		"leaders move": {func(b *kafkatest.Broker) { b.Fake.ShufflePartitionLeaders() }, "", false},
		"storage error": {func(b *kafkatest.Broker) {
			b.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.KafkaStorageError, Count: 3})
		}, "Storage", false},
	} {
		t.Run(name, func(t *testing.T) {
			b := kafkatest.Start(t)
			topic := b.Topic(t, 4)
			ctx := pipetest.Context(t)
			p := pairs(t, ctx, 80, 100)
			defer p.Release()
			var w warnings
			s := &sinks.Kafka[batch.Pairs]{Brokers: b.Addresses, Topic: topic, Warn: w.add, MaxMessageBytes: 1000} // a few rows at once
			if err := s.Open(ctx); err != nil {
				t.Fatal(err)
			}
			for i := range int64(4) {
				if i == 1 {
					test.fault(b)
				}
				part := p.Slice(i*20, i*20+20)
				if err := s.Write(ctx, part); err != nil {
					t.Fatal(err)
				}
				part.Release()
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(w.String(), test.warns) {
				t.Errorf("no warning of %q: %s", test.warns, w.String())
			}
			n := b.Count(t, topic)
			seen := map[string]int{}
			last := map[int32]int{}
			for _, r := range b.Records(t, topic, n) {
				h := headers(r)
				offset := number(t, h[sinks.OffsetHeader])
				if seen[string(r.Key)]++; seen[string(r.Key)] == 1 {
					if offset < last[r.Partition] {
						t.Errorf("%s at offset %d of partition %d comes after %d", r.Key, offset, r.Partition, last[r.Partition])
					}
					last[r.Partition] = offset
				}
			}
			if len(seen) != 80 {
				t.Errorf("%d rows of 80", len(seen))
			}
			if twice := n > 80; twice != test.twice {
				t.Errorf("%d messages of 80 rows", n)
			}
		})
	}
}

func TestKafkaAsksForAllReplicas(t *testing.T) {
	b := kafkatest.Start(t)
	topic := b.Topic(t, 2)
	var requests, other atomic.Int64
	b.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Count: -1, When: func(r kmsg.Request) bool {
		requests.Add(1)
		if r.(*kmsg.ProduceRequest).Acks != -1 {
			other.Add(1)
		}
		return false
	}})
	ctx := pipetest.Context(t)
	p := pairs(t, ctx, 20, 100)
	defer p.Release()
	if err := write(ctx, &sinks.Kafka[batch.Pairs]{Brokers: b.Addresses, Topic: topic}, p); err != nil {
		t.Fatal(err)
	}
	if requests.Load() == 0 || other.Load() > 0 {
		t.Errorf("%d of %d requests ask for fewer", other.Load(), requests.Load())
	}
}

func TestKafkaOversize(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		for name, test := range map[string]struct {
			broker string // its limit
			ours   int
			reason string
		}{
			"our limit":    {"1000000", 5_000, "the limit is 5000"},
			"the broker's": {"5000", 0, "Message Size Too Large"},
		} {
			t.Run(name, func(t *testing.T) {
				topic := b.Topic(t, 1, "max.message.bytes", test.broker)
				ctx := pipetest.Context(t)
				small, large := pairs(t, ctx, 3, 100), pairs(t, ctx, 2, 9_000)
				defer small.Release()
				defer large.Release()
				both, err := small.Concat(ctx, []batch.Pairs{large, small})
				if err != nil {
					t.Fatal(err)
				}
				defer both.Release()
				sink := func() *sinks.Kafka[batch.Pairs] {
					return &sinks.Kafka[batch.Pairs]{Brokers: b.Addresses, Topic: topic, Messages: sinks.RawMessages{}, Compression: "none", MaxMessageBytes: test.ours}
				}
				err = write(ctx, sink(), both)
				var rows pipeline.RowErrors
				if !errors.As(err, &rows) || rows[0].Row != 3 || !strings.Contains(err.Error(), test.reason) || !strings.Contains(err.Error(), "bytes") {
					t.Errorf("%v, not of row 3: %s", err, test.reason)
				}
				if len(rows) != 2 || rows[1].Row != 4 {
					t.Errorf("%v, not of rows 3 and 4", rows)
				}
				if n := b.Count(t, topic); n != 6 {
					t.Errorf("%d messages of 6", n)
				}
			})
		}
	})
}

func TestKafkaLargePictures(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1, "max.message.bytes", "8000000")
		ctx := pipetest.Context(t)
		p := pairs(t, ctx, 3, 5_000_000)
		defer p.Release()
		sink := &sinks.Kafka[batch.Pairs]{Brokers: b.Addresses, Topic: topic, Messages: sinks.RawMessages{}, Compression: "none", MaxMessageBytes: 6_000_000}
		if err := write(ctx, sink, p); err != nil {
			t.Fatal(err)
		}
		for i, r := range b.Records(t, topic, 3) {
			if !bytes.Equal(r.Value, p.Picture(i)) {
				t.Errorf("picture %d differs", i)
			}
		}
	})
}

func TestKafkaSaysWhatIsWrong(t *testing.T) {
	b := kafkatest.Start(t)
	topic := b.Topic(t, 1)
	secured := kafkatest.Start(t, kfake.EnableSASL(), kfake.SeedTopics(1, topic), kfake.Superuser("SCRAM-SHA-256", "s", "secret"))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	type sink = sinks.Kafka[batch.Pairs]
	for name, test := range map[string]struct {
		sink  *sink
		fault *kfake.Fault
		want  string // "": it works
	}{
		"no topic":       {sink: &sink{Brokers: b.Addresses}, want: "no topic"},
		"no such topic":  {sink: &sink{Brokers: b.Addresses, Topic: "other"}, want: `topic "other"`},
		"nobody there":   {sink: &sink{Brokers: []string{closed.Addr().String()}, Topic: topic}, want: "connection refused"},
		"compression":    {sink: &sink{Brokers: b.Addresses, Topic: topic, Compression: "lzma"}, want: "lzma"},
		"password":       {sink: &sink{Brokers: secured.Addresses, Topic: topic, Mechanism: "SCRAM-SHA-256", User: "s", Password: "secret"}},
		"wrong password": {sink: &sink{Brokers: secured.Addresses, Topic: topic, Mechanism: "SCRAM-SHA-256", User: "s", Password: "wrong"}, want: `SCRAM-SHA-256 authentication as "s"`},
		"no password":    {sink: &sink{Brokers: secured.Addresses, Topic: topic}, want: "does it want TLS, or authentication?"},
		"not allowed": {sink: &sink{Brokers: b.Addresses, Topic: topic}, want: topic + "/0: [29] Topic Authorization Failed",
			fault: &kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed}},
		"no leader": {sink: &sink{Brokers: b.Addresses, Topic: topic, Stall: 200 * time.Millisecond}, want: topic + "/0: [6] Not Leader",
			fault: &kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := pipetest.Context(t)
			p := pairs(t, ctx, 3, 10)
			defer p.Release()
			if test.fault != nil {
				defer b.Fake.Fault(*test.fault).Remove()
			}
			began := time.Now()
			err := write(ctx, test.sink, p)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, not %q", err, test.want)
			}
		})
	}
}

func TestMessagesThatCannotBe(t *testing.T) {
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 2, 3, "a")
	defer v.Release()
	if _, err := (sinks.RawMessages{}).Encode(batch.Allocator(ctx), v, 1000); err == nil || !strings.Contains(err.Error(), "pictures") {
		t.Errorf("raw vectors: %v", err)
	}
	m := batch.MetricsOf(batch.Allocator(ctx), 1, 1, 1, 1)
	defer m.Release()
	for _, e := range []sinks.MessageEncoder{sinks.RawMessages{}, sinks.JSONMessages{}, sinks.ArrowMessages{}} {
		if _, err := e.Encode(batch.Allocator(ctx), m, 1000); err == nil || !strings.Contains(err.Error(), `"id"`) {
			t.Errorf("%T of rows without ids: %v", e, err)
		}
	}
}
