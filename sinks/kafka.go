package sinks

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/pairstream/pairstream/internal/kafkaclient"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Kafka writes the rows of batches to a topic of Apache Kafka. When Write returns, all replicas that are in sync have
// what it was given: the broker is always asked for that, and the pipeline is as fast as it answers.
//
// Messages are keyed by id, in the partition that Java's clients would choose, and keep their order in it: what comes
// later waits until what was refused has been sent again. A message may be stored twice, where the broker says that it
// could not, or says nothing: see [LaneHeader].
type Kafka[T Table[T]] struct {
	Brokers []string // host:port of some brokers, which know the others
	Topic   string   // which must be there

	Messages    MessageEncoder // nil is JSONMessages
	Compression string         // "lz4", "zstd", "gzip", "snappy", "none"; "" is lz4

	TLS            *tls.Config // nil is none
	Mechanism      string      // of SASL: "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"; "" is none
	User, Password string

	// MaxMessageBytes bounds a message, and what is sent at once; 0 is 1,000,000, which fits what brokers take if
	// nobody told them otherwise. What becomes of a larger message is for Oversize to say; without it, that is an error.
	MaxMessageBytes int
	Oversize        func(pipeline.Reject) error

	Stall time.Duration // so long without being able to write is an error; 0 is a minute
	Warn  func(error)   // is told what is tried again; it is called by several goroutines

	topic *topic
}

// Open finds the topic.
func (s *Kafka[T]) Open(ctx context.Context) error {
	t := &topic{
		name: s.Topic, most: cmp.Or(s.MaxMessageBytes, 1_000_000), stall: cmp.Or(s.Stall, time.Minute), warn: s.Warn,
	}
	if t.warn == nil {
		t.warn = func(error) {}
	}
	if len(s.Brokers) == 0 || s.Topic == "" {
		return errors.New("kafka: no brokers or no topic")
	}
	switch s.Compression {
	case "none":
	case "":
		t.compression = kafka.Lz4
	default:
		if err := t.compression.UnmarshalText([]byte(s.Compression)); err != nil {
			return fmt.Errorf("kafka: %w", err)
		}
	}
	var err error
	t.client, err = kafkaclient.Connect(ctx, kafkaclient.Settings{
		Brokers: s.Brokers, Topics: []string{s.Topic}, Timeout: produceTimeout,
		TLS: s.TLS, Mechanism: s.Mechanism, User: s.User, Password: s.Password,
	})
	if err != nil {
		return err
	}
	if err := t.find(ctx); err != nil {
		t.client.Close()
		return fmt.Errorf("kafka: %w", err)
	}
	s.topic = t
	return nil
}

// Write writes the rows of a batch and waits until they are stored.
func (s *Kafka[T]) Write(ctx context.Context, in T) error {
	encoder := s.Messages
	if encoder == nil {
		encoder = JSONMessages{}
	}
	messages, err := encoder.Encode(batch.Allocator(ctx), in, s.topic.most)
	if err != nil {
		return err
	}
	byPartition := map[int][]Message{}
	for _, m := range messages {
		if m.bytes() > s.topic.most {
			err := fmt.Errorf("a message of %d bytes: the limit is %d", m.bytes(), s.topic.most)
			if err := s.oversize(in, m, err); err != nil {
				return err
			}
			continue
		}
		p := s.topic.partitionOf(m)
		byPartition[p] = append(byPartition[p], m)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex // of Oversize
	refused := func(m Message, err error) error {
		mu.Lock()
		defer mu.Unlock()
		return s.oversize(in, m, err)
	}
	var sending sync.WaitGroup
	for partition, messages := range byPartition {
		sending.Go(func() {
			if err := s.topic.send(ctx, partition, messages, refused); err != nil {
				cancel(err) // the first is the cause
			}
		})
	}
	sending.Wait()
	return context.Cause(ctx)
}

// oversize deals with a message that is too large.
func (s *Kafka[T]) oversize(in T, m Message, why error) error {
	if s.Oversize == nil {
		return pipeline.RowErrors{{Row: int64(m.Row), Err: why}}
	}
	reject := pipeline.Reject{ID: string(m.Key), Step: "kafka", Reason: why.Error()}
	if l, ok := any(in).(pipeline.Labeler); ok {
		reject.ID, reject.Origin = l.Label(int64(m.Row))
	}
	return s.Oversize(reject)
}

// Close closes the connections.
func (s *Kafka[T]) Close() error {
	s.topic.client.Close()
	return nil
}
