package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

const (
	clientID       = "pairstream"
	connectTimeout = 5 * time.Second
	requestTimeout = 10 * time.Second
	metadataTTL    = 2 * time.Second     // after which a new leader is found at the latest
	topicWait      = 5 * time.Second / 2 // for a topic that was made just now
)

// A cluster is a connection to brokers.
type cluster struct {
	client    kafka.Client
	transport *kafka.Transport
	dialer    *kafka.Dialer // the group's own connections
	conns     *connections  // of both
}

// connect connects to brokers and finds the topics.
func connect(ctx context.Context, s Kafka) (*cluster, error) {
	mechanism, err := s.mechanism()
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	conns := &connections{open: map[net.Conn]bool{}}
	c := &cluster{
		conns: conns,
		transport: &kafka.Transport{
			Dial: conns.dial, DialTimeout: connectTimeout, MetadataTTL: metadataTTL, MetadataTopics: s.Topics,
			ClientID: clientID, TLS: s.TLS, SASL: mechanism,
		},
		dialer: &kafka.Dialer{
			DialFunc: conns.dial, Timeout: connectTimeout, ClientID: clientID, TLS: s.TLS, SASLMechanism: mechanism,
		},
	}
	c.client = kafka.Client{Addr: kafka.TCP(s.Brokers...), Transport: c.transport, Timeout: requestTimeout}
	if err := c.check(ctx, s.Topics); err != nil {
		c.close()
		switch hungUp := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); {
		case hungUp && s.Mechanism != "":
			err = fmt.Errorf("the broker hung up on %s authentication as %q: wrong user or password? (%w)", s.Mechanism, s.User, err)
		case hungUp:
			err = fmt.Errorf("the broker hung up: does it want TLS, or authentication? (%w)", err)
		}
		return nil, fmt.Errorf("kafka %s: %w", strings.Join(s.Brokers, ","), err)
	}
	return c, nil
}

func (s Kafka) mechanism() (sasl.Mechanism, error) {
	switch s.Mechanism {
	case "":
		return nil, nil
	case "PLAIN":
		return plain.Mechanism{Username: s.User, Password: s.Password}, nil
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, s.User, s.Password)
	case "SCRAM-SHA-512":
		return scram.Mechanism(scram.SHA512, s.User, s.Password)
	}
	return nil, fmt.Errorf("SASL mechanism %q is none of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512", s.Mechanism)
}

// check returns an error unless all topics are there.
func (c *cluster) check(ctx context.Context, topics []string) error {
	began := time.Now()
	for {
		counts, err := c.partitions(ctx, topics)
		if err == nil && !slices.Contains(counts, 0) {
			return nil
		}
		young := errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.LeaderNotAvailable)
		if !young || time.Since(began) > topicWait {
			return err
		}
		if err := sleep(ctx, metadataTTL/8); err != nil {
			return err
		}
	}
}

// partitions returns how many partitions each topic has. It does not make topics that are not there.
func (c *cluster) partitions(ctx context.Context, topics []string) ([]int, error) {
	metadata, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
	if err != nil {
		return nil, tidy(err)
	}
	counts := make([]int, len(topics))
	for i, t := range metadata.Topics {
		if t.Error != nil {
			return nil, fmt.Errorf("topic %q: %w", t.Name, t.Error)
		}
		counts[i] = len(t.Partitions)
	}
	return counts, nil
}

// offsetOf returns the first offset of a partition, or that behind its last record which is not part of an open
// transaction.
func (c *cluster) offsetOf(ctx context.Context, topic string, partition int, which int64) (int64, error) {
	r, err := c.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics:         map[string][]kafka.OffsetRequest{topic: {{Partition: partition, Timestamp: which}}},
		IsolationLevel: kafka.ReadCommitted,
	})
	if err != nil {
		return 0, tidy(err)
	}
	if len(r.Topics[topic]) == 0 {
		return 0, fmt.Errorf("no offset of %s/%d in the broker's answer", topic, partition)
	}
	p := r.Topics[topic][0]
	if p.Error != nil {
		return 0, p.Error
	}
	return max(p.FirstOffset, p.LastOffset), nil // the client files either under either name; the other is 0 or -1
}

// committed returns the offset that a group has committed; -1 where it has none.
func (c *cluster) committed(ctx context.Context, group, topic string, partition int) (int64, error) {
	r, err := c.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: {partition}}})
	if err != nil {
		return 0, tidy(err)
	}
	if r.Error != nil {
		return 0, r.Error
	}
	if len(r.Topics[topic]) == 0 {
		return 0, fmt.Errorf("no offset of %s/%d in the broker's answer", topic, partition)
	}
	p := r.Topics[topic][0]
	return p.CommittedOffset, p.Error
}

func (c *cluster) close() {
	c.conns.close()
	c.transport.CloseIdleConnections()
}

// tidy returns an error without the name of the client's method.
func tidy(err error) error {
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), "kafka.(*Client).") {
		return inner
	}
	return err
}

// hopeless says which errors do not go away by themselves.
func hopeless(err error) bool {
	var code kafka.Error
	if errors.As(err, &code) {
		switch code {
		case kafka.TopicAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed,
			kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.UnsupportedVersion, kafka.InvalidTopic,
			kafka.InvalidGroupId, kafka.InconsistentGroupProtocol, kafka.InvalidSessionTimeout:
			return true
		}
	}
	return errors.As(err, new(permanentError))
}

// A permanentError is not worth another try.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// connections knows what is open, so that no request outlives its source: the client library has several that cannot
// be cancelled.
type connections struct {
	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

func (c *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	plain, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		plain.Close()
		return nil, net.ErrClosed
	}
	conn := &connection{plain, c}
	c.open[conn] = true
	return conn, nil
}

func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for conn := range c.open {
		conn.(*connection).Conn.Close()
	}
}

// A connection leaves its connections when it is closed.
type connection struct {
	net.Conn
	of *connections
}

func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
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
