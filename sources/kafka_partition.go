package sources

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/pairstream/pairstream/internal/kafkaclient"
)

const (
	fetchBytes = 8 << 20  // of a partition that is behind, or may be, at once; twice that may wait
	peekBytes  = 64 << 10 // of one that is not
)

// A partition is one that this member has. What changes is guarded by consumer.mu, but for what is the reader's or the
// fetcher's.
type partition struct {
	topic  string
	number int
	lane   string
	end    int64 // to stop at; -1 is never
	leave  context.CancelFunc

	left      bool  // it is no longer this member's
	located   bool  // position is known
	began     int64 // the first position
	position  int64 // to fetch next
	heard     bool  // high is known
	high      int64 // behind the last record that can be fetched, when last heard
	given     int64 // the offset behind the rows that were read
	stored    int64 // the offset behind what every sink has stored; -1 while unknown
	committed int64

	queue  []queued
	queued int64 // bytes in queue

	rows    []row // decoded and not read: the reader's
	doubted int64 // see kafkaclient.Unpack: the fetcher's
	told    bool  // of missing records: the fetcher's
	skipIn  int64 // the offset of a message of which
	skip    int64 // so many rows are stored: the fetcher's until there are rows
}

// A queued record waits to be decoded.
type queued struct {
	kafkaclient.Record
	bytes int64 // of the consumer's room
	came  time.Time
}

// run fetches a partition until it ends or ctx does.
func (p *partition) run(ctx context.Context, c *consumer) {
	err := p.locate(ctx, c)
	if err == nil && c.Latest && c.Group != "" {
		err = c.flush(ctx)
	}
	for err == nil && !p.ended() {
		var bytes int64
		if bytes, err = c.reserve(ctx, p); err != nil {
			break
		}
		var got kafkaclient.Unpacked
		err = c.patiently(ctx, p.lane, func() (err error) {
			got, err = p.fetch(ctx, c, int(bytes))
			return err
		})
		if err != nil {
			got = kafkaclient.Unpacked{Next: p.position}
		}
		c.receive(p, bytes, got)
	}
	if err != nil && ctx.Err() == nil {
		c.fail(fmt.Errorf("kafka: %w", err))
	}
}

// ended says that there is no more to fetch. Only run changes the position.
func (p *partition) ended() bool { return p.end >= 0 && p.position >= p.end }

// locate finds out where to begin.
func (p *partition) locate(ctx context.Context, c *consumer) error {
	position, committed := int64(-1), int64(-1)
	if c.Resume != nil {
		next, ok, err := c.Resume(ctx, p.lane)
		if err != nil {
			return fmt.Errorf("%s: where to resume: %w", p.lane, err)
		}
		if ok {
			each := c.Messages.MaxRows()
			position, p.skipIn, p.skip = next/each, next/each, next%each
		}
	}
	err := c.patiently(ctx, p.lane, func() (err error) {
		if c.Group != "" {
			if committed, err = c.client.Committed(ctx, c.Group, p.topic, p.number); err != nil {
				return err
			}
		}
		if position < 0 {
			position = committed
		}
		if position < 0 && c.Latest {
			if end, ok := c.ends[p.lane]; ok { // else it is younger than this source
				position = end
			}
		}
		if position < 0 {
			position, err = c.client.Offset(ctx, p.topic, p.number, kafka.FirstOffset)
		}
		return err
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p.located = true
	p.began, p.position, p.given, p.high = position, position, position, position
	p.committed = committed
	if c.Latest && committed < 0 {
		p.stored = position // so that who has it next does not begin at a later end
	}
	c.wake()
	return nil
}

// fetch fetches from the position on. It returns an error where that gives nothing though there is more.
func (p *partition) fetch(ctx context.Context, c *consumer, bytes int) (kafkaclient.Unpacked, error) {
	r, err := c.client.Fetch(ctx, p.topic, p.number, p.position, bytes)
	if errors.Is(err, kafka.OffsetOutOfRange) {
		err = p.outOfRange(ctx, c)
		return kafkaclient.Unpacked{Next: p.position}, err
	}
	if err != nil {
		return kafkaclient.Unpacked{}, err
	}
	end := r.HighWatermark
	if r.LastStableOffset >= 0 {
		end = min(end, r.LastStableOffset)
	}
	c.mu.Lock()
	p.heard, p.high = true, end
	c.mu.Unlock()
	u, err := kafkaclient.Unpack(r, p.position, p.end, p.doubted, c.MaxMessageBytes)
	p.doubted = u.Doubted
	if err == nil && u.Next == p.position && u.Doubted < 0 && p.position < end {
		err = fmt.Errorf("no records at offset %d, though there are up to %d", p.position, end)
	}
	if u.Missing >= 0 && !p.told {
		p.told = true
		c.Warn(fmt.Errorf("kafka: %s: no record at offset %d: compacted away, or lost (this is said once)", p.lane, u.Missing))
	}
	return u, err
}

// outOfRange returns what it means that the broker does not have the position.
func (p *partition) outOfRange(ctx context.Context, c *consumer) error {
	first, err := c.client.Offset(ctx, p.topic, p.number, kafka.FirstOffset)
	if err != nil {
		return err
	}
	last, err := c.client.Offset(ctx, p.topic, p.number, kafka.LastOffset)
	if err != nil {
		return err
	}
	switch {
	case p.position < first:
		lost := fmt.Errorf("records %d to %d were deleted before they were read", p.position, first-1)
		if !c.SkipLost {
			return permanentError{lost}
		}
		c.Warn(fmt.Errorf("kafka: %s: %w", p.lane, lost))
		c.mu.Lock()
		p.position = first
		c.mu.Unlock()
		return nil
	case p.position > last:
		return permanentError{fmt.Errorf("offset %d is behind the end at %d: the topic was truncated or made anew", p.position, last)}
	}
	return fmt.Errorf("offset %d is out of range, which begins at %d and ends at %d", p.position, first, last)
}

// patiently tries again until it succeeds, or that is hopeless, or there was no success for too long.
func (c *consumer) patiently(ctx context.Context, what string, try func() error) error {
	began, pause := time.Now(), 10*time.Millisecond
	for {
		err := try()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case hopeless(err):
			return fmt.Errorf("%s: %w", what, err)
		case time.Since(began) > c.Stall:
			return fmt.Errorf("%s: no progress for %v: %w", what, time.Since(began).Round(time.Millisecond), err)
		}
		c.Warn(fmt.Errorf("kafka: %s: trying again: %w", what, err))
		if err := kafkaclient.Sleep(ctx, pause/2+rand.N(pause/2)); err != nil {
			return err
		}
		pause = min(2*pause, 2*time.Second)
	}
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
