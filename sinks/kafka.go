package sinks

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
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
	// nobody told them otherwise. The rows of a larger message are bad, and so are those of one that the broker finds
	// too large; the others are written.
	MaxMessageBytes int

	Stall time.Duration // so long without being able to write is an error; 0 is a minute
	Warn  func(error)   // is told what is tried again; nil is pipeline.Warn. It is called by several goroutines

	topic *topic
}

// Open finds the topic.
func (s *Kafka[T]) Open(ctx context.Context) error {
	t := &topic{
		name: s.Topic, most: cmp.Or(s.MaxMessageBytes, 1_000_000), stall: cmp.Or(s.Stall, time.Minute), warn: s.Warn,
	}
	if t.warn == nil {
		t.warn = func(err error) { pipeline.Warn(ctx, err) }
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

// Write writes the rows of a batch and waits until they are stored. It returns those that were too large as
// [pipeline.RowErrors] when the others are.
func (s *Kafka[T]) Write(ctx context.Context, in T) error {
	encoder := s.Messages
	if encoder == nil {
		encoder = JSONMessages{}
	}
	messages, err := encoder.Encode(batch.Allocator(ctx), in, s.topic.most)
	if err != nil {
		return err
	}
	var mu sync.Mutex // of bad
	var bad pipeline.RowErrors
	byPartition := map[int][]outgoing{}
	for i, m := range messages {
		out := outgoing{m, in.NumRows()}
		if i+1 < len(messages) {
			out.behind = int64(messages[i+1].Row)
		}
		if m.bytes() > s.topic.most {
			bad = append(bad, out.refused(fmt.Errorf("a message of %d bytes: the limit is %d", m.bytes(), s.topic.most))...)
			continue
		}
		p := s.topic.partitionOf(m)
		byPartition[p] = append(byPartition[p], out)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	refused := func(m outgoing, why error) {
		mu.Lock()
		defer mu.Unlock()
		bad = append(bad, m.refused(why)...)
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
	if err := context.Cause(ctx); err != nil {
		return err
	}
	slices.SortFunc(bad, func(a, b pipeline.RowError) int { return cmp.Compare(a.Row, b.Row) })
	return bad.OrNil()
}

// An outgoing message holds the rows of its batch from Row on, up to one behind them.
type outgoing struct {
	Message
	behind int64
}

// refused returns the message's rows as bad ones.
func (m outgoing) refused(why error) pipeline.RowErrors {
	var bad pipeline.RowErrors
	for row := int64(m.Row); row < m.behind; row++ {
		bad = append(bad, pipeline.RowError{Row: row, Err: why})
	}
	return bad
}

// Close closes the connections.
func (s *Kafka[T]) Close() error {
	s.topic.client.Close()
	return nil
}
