package sinks_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/sources/message"
)

// pairs makes pairs "p0", "p1", … of pictures of a size, from a file, with a further column.
func pairs(t testing.TB, ctx context.Context, rows, size int) batch.Pairs {
	t.Helper()
	b := batch.NewPairsBuilder(ctx, arrow.Field{Name: "url", Type: arrow.BinaryTypes.String, Nullable: true})
	defer b.Release()
	for i := range rows {
		b.Append("list.tsv", int64(i+1), fmt.Sprint("p", i), bytes.Repeat([]byte{byte(i + 1)}, size), fmt.Sprint("caption ü ", i))
		if url := b.Further(0).(*array.StringBuilder); i%3 == 1 {
			url.AppendNull()
		} else {
			url.Append(fmt.Sprint("https://example.com/", i))
		}
	}
	p, err := b.NewPairs()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rowsIn returns how many rows the messages of a topic hold.
func rowsIn(t testing.TB, b *kafkatest.Broker, topic string, arrowed bool) int64 {
	t.Helper()
	n := int64(0)
	for _, r := range b.Records(t, topic, b.Count(t, topic)) {
		if !arrowed {
			n++
			continue
		}
		in, err := ipc.NewReader(bytes.NewReader(r.Value))
		if err != nil {
			t.Fatal(err)
		}
		for in.Next() {
			n += in.Record().NumRows()
		}
		in.Release()
	}
	return n
}

func TestKafkaKeepsTheContract(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		for name, encoder := range map[string]sinks.MessageEncoder{
			"json": sinks.JSONMessages{}, "base64": sinks.JSONMessages{Base64: true}, "arrow": sinks.ArrowMessages{},
		} {
			t.Run(name, func(t *testing.T) {
				pipetest.TestSink(t, func(t *testing.T) (pipeline.Sink[batch.Vectors], func() int64) {
					topic := b.Topic(t, 3)
					s := &sinks.Kafka[batch.Vectors]{Brokers: b.Addresses, Topic: topic, Messages: encoder}
					return s, func() int64 { return rowsIn(t, b, topic, name == "arrow") }
				}, func(ctx context.Context) batch.Vectors { return vectors(t, ctx, 5, 3, "a") })
			})
		}
	})
}

// write opens a sink, writes batches, and closes it.
func write[T sinks.Table[T]](ctx context.Context, s *sinks.Kafka[T], batches ...T) error {
	if err := s.Open(ctx); err != nil {
		return err
	}
	for _, b := range batches {
		if err := s.Write(ctx, b); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	return s.Close()
}

func headers(r *kgo.Record) map[string]string {
	all := map[string]string{}
	for _, h := range r.Headers {
		all[h.Key] = string(h.Value)
	}
	return all
}

// What is published as pairs is read as the same pairs, in all formats and compressions.
func TestKafkaPublishesPairs(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		for name, format := range map[string]struct {
			encoder     sinks.MessageEncoder
			decoder     message.Decoder
			compression string
		}{
			"raw":        {sinks.RawMessages{}, message.Raw{}, "none"},
			"raw, lz4":   {sinks.RawMessages{}, message.Raw{}, ""},
			"json, zstd": {sinks.JSONMessages{}, message.JSON{}, "zstd"},
			"json, gzip": {sinks.JSONMessages{}, message.JSON{}, "gzip"},
			"arrow":      {sinks.ArrowMessages{}, message.Arrow{}, "snappy"},
		} {
			t.Run(name, func(t *testing.T) {
				ctx := pipetest.Context(t)
				topic := b.Topic(t, 1)
				in := pairs(t, ctx, 100, 3000)
				defer in.Release()
				sink := &sinks.Kafka[batch.Pairs]{Brokers: b.Addresses, Topic: topic, Messages: format.encoder, Compression: format.compression, MaxMessageBytes: 50_000}
				if err := write(ctx, sink, in); err != nil {
					t.Fatal(err)
				}
				source := &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Messages: format.decoder, Columns: []string{"url"}, ToEnd: true}
				if err := source.Open(ctx); err != nil {
					t.Fatal(err)
				}
				defer source.Close()
				n := 0
				for {
					out, err := source.Read(ctx)
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					same := in.Slice(int64(n), int64(n)+out.NumRows())
					for _, c := range []string{batch.ID, batch.Image, batch.Caption, "url"} {
						if !array.Equal(column(out, c), column(same, c)) {
							t.Errorf("rows from %d on: column %q differs", n, c)
						}
					}
					n += int(out.NumRows())
					same.Release()
					out.Release()
				}
				if n != 100 {
					t.Errorf("%d rows, not 100", n)
				}
				for _, r := range b.Records(t, topic, b.Count(t, topic)) {
					if len(r.Value) > 50_000 {
						t.Errorf("a message of %d bytes", len(r.Value))
					}
					if h := headers(r); h[sinks.LaneHeader] != "list.tsv" || string(r.Key) != "p"+fmt.Sprint(number(t, h[sinks.OffsetHeader])-1) {
						t.Errorf("key %s, headers %v", r.Key, h)
					}
				}
			})
		}
	})
}

func number(t *testing.T, text string) int {
	t.Helper()
	var n int
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func column(r arrow.Record, name string) arrow.Array {
	return r.Column(r.Schema().FieldIndices(name)[0])
}

func TestKafkaWritesVectors(t *testing.T) {
	b := kafkatest.Start(t)
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 9, 4, "the model", 4)
	defer v.Release()
	part := v.Slice(2, 9)
	defer part.Release()
	for name, encoder := range map[string]sinks.MessageEncoder{"numbers": sinks.JSONMessages{}, "base64": sinks.JSONMessages{Base64: true}} {
		t.Run(name, func(t *testing.T) {
			topic := b.Topic(t, 1)
			if err := write(ctx, &sinks.Kafka[batch.Vectors]{Brokers: b.Addresses, Topic: topic, Messages: encoder}, part); err != nil {
				t.Fatal(err)
			}
			for i, r := range b.Records(t, topic, 7) {
				var got struct {
					ID     string
					Image  any `json:"image_embedding"`
					Text   any `json:"text_embedding"`
					Width  *int
					Lane   string `json:"origin_lane"`
					Offset int    `json:"origin_offset"`
				}
				if err := json.Unmarshal(r.Value, &got); err != nil {
					t.Fatal(err)
				}
				if want := fmt.Sprint("p", i+2); got.ID != want || string(r.Key) != want || got.Lane != "list.tsv" || got.Offset != i+3 {
					t.Errorf("row %d: %s", i, r.Value)
				}
				want := []float32(nil)
				if i+2 != 4 {
					want = v.Image().Row(i + 2)
				}
				if image := floats(t, got.Image); !slices.Equal(image, want) {
					t.Errorf("row %d: %v, not %v", i, image, want)
				}
				if h := headers(r); h[sinks.FingerprintHeader] != "model=the model" || h[sinks.OffsetHeader] != fmt.Sprint(i+3) {
					t.Errorf("headers %v", h)
				}
			}
		})
	}
}

// floats returns what a JSON value stands for: numbers, or base64 of them.
func floats(t *testing.T, value any) []float32 {
	t.Helper()
	var numbers []float32
	switch value := value.(type) {
	case []any:
		for _, n := range value {
			numbers = append(numbers, float32(n.(float64)))
		}
	case string:
		data, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(data); i += 4 {
			numbers = append(numbers, math.Float32frombits(binary.LittleEndian.Uint32(data[i:])))
		}
	}
	return numbers
}

func TestKafkaChoosesPartitionsAsJavaDoes(t *testing.T) {
	b := kafkatest.Start(t)
	ctx := pipetest.Context(t)
	p := pairs(t, ctx, 200, 10)
	defer p.Release()
	topic, other := b.Topic(t, 7), b.Topic(t, 7)
	if err := write(ctx, &sinks.Kafka[batch.Pairs]{Brokers: b.Addresses, Topic: topic}, p); err != nil {
		t.Fatal(err)
	}
	var records []*kgo.Record
	for i := range 200 {
		records = append(records, &kgo.Record{Topic: other, Key: fmt.Append(nil, "p", i)})
	}
	b.Do(t, func(ctx context.Context, c *kgo.Client) error { return c.ProduceSync(ctx, records...).FirstErr() },
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	want := map[string]int32{}
	for _, r := range records {
		want[string(r.Key)] = r.Partition
	}
	for _, r := range b.Records(t, topic, 200) {
		if r.Partition != want[string(r.Key)] {
			t.Errorf("%s is in partition %d, not %d", r.Key, r.Partition, want[string(r.Key)])
		}
	}
}

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
