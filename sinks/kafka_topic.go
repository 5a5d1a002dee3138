package sinks

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

const (
	connectTimeout = 5 * time.Second
	produceTimeout = 20 * time.Second    // half of it is the broker's, to reach the replicas
	metadataTTL    = 2 * time.Second     // after which a new leader is found at the latest
	topicWait      = 5 * time.Second / 2 // for a topic that was made just now
)

// A topic is one that is written to.
type topic struct {
	name           string
	most           int // bytes of a message, and of what is sent at once
	compression    kafka.Compression
	stall          time.Duration
	warn           func(error)
	tls            *tls.Config
	mechanism      string
	user, password string

	client     kafka.Client
	transport  *kafka.Transport
	partitions []int
}

// connect connects to the brokers and finds the topic. It does not make one.
func (t *topic) connect(ctx context.Context, brokers []string) error {
	mechanism, err := t.saslMechanism()
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	t.transport = &kafka.Transport{
		DialTimeout: connectTimeout, MetadataTTL: metadataTTL, MetadataTopics: []string{t.name}, ClientID: "pairstream",
		TLS: t.tls, SASL: mechanism,
	}
	t.client = kafka.Client{Addr: kafka.TCP(brokers...), Transport: t.transport, Timeout: produceTimeout}
	if err := t.find(ctx); err != nil {
		t.close()
		switch hungUp := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); {
		case hungUp && t.mechanism != "":
			err = fmt.Errorf("the broker hung up on %s authentication as %q: wrong user or password? (%w)", t.mechanism, t.user, err)
		case hungUp:
			err = fmt.Errorf("the broker hung up: does it want TLS, or authentication? (%w)", err)
		}
		return fmt.Errorf("kafka %s: %w", strings.Join(brokers, ","), err)
	}
	return nil
}

func (t *topic) saslMechanism() (sasl.Mechanism, error) {
	switch t.mechanism {
	case "":
		return nil, nil
	case "PLAIN":
		return plain.Mechanism{Username: t.user, Password: t.password}, nil
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, t.user, t.password)
	case "SCRAM-SHA-512":
		return scram.Mechanism(scram.SHA512, t.user, t.password)
	}
	return nil, fmt.Errorf("SASL mechanism %q is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512", t.mechanism)
}

// find learns the topic's partitions.
func (t *topic) find(ctx context.Context) error {
	for began := time.Now(); ; {
		metadata, err := t.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{t.name}})
		if err != nil {
			return tidy(err)
		}
		of := metadata.Topics[0]
		if of.Error == nil && len(of.Partitions) > 0 {
			for p := range of.Partitions {
				t.partitions = append(t.partitions, p)
			}
			return nil
		}
		if !transient(of.Error) || time.Since(began) > topicWait {
			return fmt.Errorf("topic %q: %w", t.name, of.Error)
		}
		if err := sleep(ctx, metadataTTL/8); err != nil {
			return err
		}
	}
}

// partitionOf returns the partition that Java's clients choose for a message.
func (t *topic) partitionOf(m Message) int {
	return kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: m.Key}, t.partitions...)
}

// send writes messages to a partition, in their order. Those that the broker does not take for their size go to refused.
func (t *topic) send(ctx context.Context, partition int, messages []Message, refused func(Message, error) error) error {
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
				if err := t.send(ctx, partition, []Message{m}, refused); err != nil {
					return err
				}
			}
		case tooLarge:
			if err := refused(messages[0], fmt.Errorf("a message of %d bytes: %w", bytes, err)); err != nil {
				return err
			}
		case err != nil:
			return err
		}
		messages = messages[n:]
	}
	return nil
}

// patiently writes messages, trying again until that succeeds, or is hopeless, or has not for too long.
func (t *topic) patiently(ctx context.Context, partition int, messages []Message) error {
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
		if sleep(ctx, pause/2+rand.N(pause/2)) != nil {
			return context.Cause(ctx)
		}
		pause = min(2*pause, 2*time.Second)
	}
}

// produce writes messages in one request.
func (t *topic) produce(ctx context.Context, partition int, messages []Message) error {
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
		return tidy(err)
	}
	for i, of := range r.RecordErrors {
		return fmt.Errorf("message %d of %d: %w: %v", i, len(messages), r.Error, of)
	}
	return r.Error
}

func (t *topic) close() { t.transport.CloseIdleConnections() }

// transient says which errors may go away by themselves: all but those that the broker calls lasting.
func transient(err error) bool {
	var code kafka.Error
	return !errors.As(err, &code) || code.Temporary()
}

// tidy returns an error without the name of the client's method.
func tidy(err error) error {
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), "kafka.(*Client).") {
		return inner
	}
	return err
}

// sleep waits, or returns the context's error where that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
