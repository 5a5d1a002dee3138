// Package kafkaclient is kafka-go with what sources and sinks need besides: errors that say what is wrong with
// credentials, connections that can be cut, and fetches that survive what is corrupt.
package kafkaclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

const (
	id             = "pairstream"
	connectTimeout = 5 * time.Second
	metadataTTL    = 2 * time.Second     // after which a new leader is found at the latest
	topicWait      = 5 * time.Second / 2 // for a topic that was made just now
)

// Settings say where a client connects to, and as whom.
type Settings struct {
	Brokers        []string
	Topics         []string      // that must be there
	TLS            *tls.Config   // nil is none
	Mechanism      string        // of SASL: "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"; "" is none
	User, Password string        // of SASL
	Timeout        time.Duration // of a request
}

// A Client is connected to brokers.
type Client struct {
	kafka.Client
	Dialer    *kafka.Dialer // for the library's parts that take one
	transport *kafka.Transport
	conns     *connections // of the dialer and the transport
}

// Connect connects to brokers and finds the topics. It does not make topics that are not there.
func Connect(ctx context.Context, s Settings) (*Client, error) {
	mechanism, err := s.mechanism()
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	conns := &connections{open: map[net.Conn]bool{}}
	c := &Client{
		conns: conns,
		transport: &kafka.Transport{
			Dial: conns.dial, DialTimeout: connectTimeout, MetadataTTL: metadataTTL, MetadataTopics: s.Topics,
			ClientID: id, TLS: s.TLS, SASL: mechanism,
		},
		Dialer: &kafka.Dialer{
			DialFunc: conns.dial, Timeout: connectTimeout, ClientID: id, TLS: s.TLS, SASLMechanism: mechanism,
		},
	}
	c.Client = kafka.Client{Addr: kafka.TCP(s.Brokers...), Transport: c.transport, Timeout: s.Timeout}
	if err := c.check(ctx, s.Topics); err != nil {
		c.Close()
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

func (s Settings) mechanism() (sasl.Mechanism, error) {
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
func (c *Client) check(ctx context.Context, topics []string) error {
	began := time.Now()
	for {
		counts, err := c.Partitions(ctx, topics)
		if err == nil && !slices.Contains(counts, 0) {
			return nil
		}
		young := err == nil || errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.LeaderNotAvailable)
		switch late := time.Since(began) > topicWait; {
		case late && err == nil:
			return fmt.Errorf("topic %q has no partitions", topics[slices.Index(counts, 0)])
		case late || !young:
			return err
		}
		if err := Sleep(ctx, metadataTTL/8); err != nil {
			return err
		}
	}
}

// Close closes all connections, also those on which somebody waits.
func (c *Client) Close() {
	c.conns.close()
	c.transport.CloseIdleConnections()
}

// Cut makes all requests fail, now and from now on.
func (c *Client) Cut() { c.conns.close() }

// Tidy returns the error of a method of the library without the method's name. Where it failed because its context
// ended, it returns the context's error: the library says "i/o timeout" then, or whatever its connection said.
func Tidy(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) { // the connection's timer came first
		return context.DeadlineExceeded
	}
	if inner := errors.Unwrap(err); inner != nil && strings.HasPrefix(err.Error(), "kafka.(*Client).") {
		return inner
	}
	return err
}

// Sleep waits, or returns the context's error where that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
