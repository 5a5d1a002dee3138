package sinks

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/pairstream/pairstream/internal/kafkaclient"
)

// produceTimeout is how long a broker has to answer; half of it is the broker's own, to reach the replicas.
const produceTimeout = 20 * time.Second

// A topic is one that is written to.
type topic struct {
	name        string
	most        int // bytes of a message, and of what is sent at once
	compression kafka.Compression
	stall       time.Duration
	warn        func(error)
	client      *kafkaclient.Client
	partitions  []int
}

// find learns the topic's partitions.
func (t *topic) find(ctx context.Context) error {
	counts, err := t.client.Partitions(ctx, []string{t.name})
	if err != nil {
		return err
	}
	for p := range counts[0] {
		t.partitions = append(t.partitions, p)
	}
	return nil
}

// partitionOf returns the partition that Java's clients choose for a message.
func (t *topic) partitionOf(m Message) int {
	return kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: m.Key}, t.partitions...)
}

// send writes messages to a partition, in their order. Those that the broker does not take for their size go to refused.
func (t *topic) send(ctx context.Context, partition int, messages []outgoing, refused func(outgoing, error)) error {
	for len(messages) > 0 {
		n, bytes := 0, 0
		for n < len(messages) && (n == 0 || bytes+messages[n].bytes() <= t.most) {
			bytes += messages[n].bytes()
			n++
		}
		err := t.patiently(ctx, partition, messages[:n])
		tooLarge := errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge)
		switch {
		case tooLarge && n > 1: // together; the broker's limit is lower than ours
			for _, m := range messages[:n] {
				if err := t.send(ctx, partition, []outgoing{m}, refused); err != nil {
					return err
				}
			}
		case tooLarge:
			refused(messages[0], fmt.Errorf("a message of %d bytes: %w", bytes, err))
		case err != nil:
			return err
		}
		messages = messages[n:]
	}
	return nil
}

// patiently writes messages, trying again until that succeeds, or is hopeless, or has not for too long.
func (t *topic) patiently(ctx context.Context, partition int, messages []outgoing) error {
	began, pause := time.Now(), 10*time.Millisecond
	for {
		err := t.produce(ctx, partition, messages)
		if err == nil || errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge) {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err = fmt.Errorf("kafka: %s/%d: %w", t.name, partition, err)
		if !transient(err) {
			return err
		}
		if waited := time.Since(began); waited > t.stall {
			return fmt.Errorf("%w (for %v)", err, waited.Round(time.Millisecond))
		}
		t.warn(fmt.Errorf("%w: trying again", err))
		if kafkaclient.Sleep(ctx, pause/2+rand.N(pause/2)) != nil {
			return context.Cause(ctx)
		}
		pause = min(2*pause, 2*time.Second)
	}
}

// produce writes messages in one request.
func (t *topic) produce(ctx context.Context, partition int, messages []outgoing) error {
	records := make([]kafka.Record, len(messages))
	for i, m := range messages {
		records[i] = kafka.Record{Key: kafka.NewBytes(m.Key), Value: kafka.NewBytes(m.Value)}
		for _, h := range m.Headers {
			records[i].Headers = append(records[i].Headers, kafka.Header{Key: h.Key, Value: h.Value})
		}
	}
	r, err := t.client.Produce(ctx, &kafka.ProduceRequest{
		Topic: t.name, Partition: partition, RequiredAcks: kafka.RequireAll, Compression: t.compression,
		Records: kafka.NewRecordReader(records...),
	})
	if err != nil {
		return kafkaclient.Tidy(ctx, err)
	}
	for i, of := range r.RecordErrors {
		return fmt.Errorf("message %d of %d: %w: %v", i, len(messages), r.Error, of)
	}
	return r.Error
}

// transient says which errors may go away by themselves: all but those that the broker calls lasting.
func transient(err error) bool {
	var code kafka.Error
	return !errors.As(err, &code) || code.Temporary()
}
