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
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/twmb/franz-go/pkg/kgo"

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
