package sources

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/pairstream/pairstream/internal/kafkaclient"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources/message"
)

// Kafka reads the pairs in topics of Apache Kafka: live, or up to the ends that the topics have now.
//
// A batch holds rows of one partition, whose lane is "topic/partition" and whose origin_offset is the message's offset
// (see [message.Decoder] for messages of many rows). A message that cannot be decoded is a bad row, and so is one whose
// value is null. Messages of transactions are read when those are committed, and not at all when they are aborted.
//
// Offsets are committed when every sink has stored what was before them, and only while the partition is this member's:
// the broker refuses commits of a generation of the group that is over. So nothing is lost, and what was read but not
// stored is read again, by whoever has the partition then. A partition that a member keeps when the group is shared out
// anew is read on as if nothing had happened.
//
// What the broker sends is checked against its checksums, and offsets that do not follow one another are fetched twice.
// Records that retention deleted before they were read are an error, or an alarm; so is a lack of progress.
type Kafka struct {
	Brokers []string // host:port of some brokers, which know the others
	Topics  []string

	// Group is the consumer group whose members share the partitions. Where it is empty, this source reads all of them
	// from the beginning, or where Resume says, and commits nothing.
	Group string

	Messages message.Decoder // what messages are; nil is message.Raw
	Columns  []string        // further columns, as text; null where a message has none

	TLS            *tls.Config // nil is none
	Mechanism      string      // of SASL: "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"; "" is none
	User, Password string

	// Resume asks the sink up to where it has stored a lane, when its partition is assigned to this member. Where the
	// sink knows, its word goes before the offset that was committed: ahead of it, because a member may be killed
	// between storing and committing, and behind it, because what was stored may have been removed since.
	Resume func(ctx context.Context, lane string) (next int64, ok bool, err error)

	Latest bool // start at the end, not the beginning, where neither Resume nor the group knows a partition
	ToEnd  bool // stop at the ends that this member's partitions had when the source was opened

	// SkipLost goes on where records were deleted before they were read, after telling Warn, in place of failing.
	SkipLost bool

	Limits          Limits
	MaxMessageBytes int           // larger messages are bad rows; 0 is 32 MiB
	BufferBytes     int64         // of messages that wait to be read, over all partitions; 0 is 128 MiB
	Wait            time.Duration // for a batch to fill up; 0 is 50 ms

	SessionTimeout time.Duration // after which the group takes a silent member for dead; 0 is 10 s
	Stall          time.Duration // so long without progress is an error; 0 is a minute
	HoldUp         time.Duration // so long without a Read, the partitions are left to others; 0 is 15 minutes

	// Warn is told of what does not end the run: what is tried again, records that were lost, batches that were stored
	// but not committed because their partition had gone to another member. It is called by several goroutines; nil is
	// pipeline.Warn.
	Warn func(error)

	consumer *consumer
}

// Open finds the topics, and joins the group.
func (s *Kafka) Open(ctx context.Context) error {
	settings, err := s.settings(ctx)
	if err != nil {
		return err
	}
	columns, err := furtherOf(s.Columns)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	client, err := kafkaclient.Connect(ctx, kafkaclient.Settings{
		Brokers: s.Brokers, Topics: s.Topics, Timeout: requestTimeout,
		TLS: s.TLS, Mechanism: s.Mechanism, User: s.User, Password: s.Password,
	})
	if err != nil {
		return err
	}
	c := newConsumer(settings, columns, client)
	if err := c.begin(ctx); err != nil {
		c.close()
		return err
	}
	s.consumer = c
	return nil
}

// requestTimeout is how long a broker has to answer.
const requestTimeout = 10 * time.Second

// settings returns a copy of s with defaults in place of zeros.
func (s *Kafka) settings(ctx context.Context) (Kafka, error) {
	d := *s
	d.Limits = s.Limits.orDefault()
	d.MaxMessageBytes = cmp.Or(max(s.MaxMessageBytes, 0), 32<<20)
	d.BufferBytes = cmp.Or(max(s.BufferBytes, 0), 128<<20)
	d.Wait = cmp.Or(s.Wait, 50*time.Millisecond)
	d.SessionTimeout = cmp.Or(s.SessionTimeout, 10*time.Second)
	d.Stall = cmp.Or(s.Stall, time.Minute)
	d.HoldUp = cmp.Or(s.HoldUp, 15*time.Minute)
	if d.Messages == nil {
		d.Messages = message.Raw{}
	}
	if d.Warn == nil {
		d.Warn = func(err error) { pipeline.Warn(ctx, err) }
	}
	if len(d.Brokers) == 0 {
		return d, errors.New("kafka: no brokers")
	}
	if len(d.Topics) == 0 {
		return d, errors.New("kafka: no topics")
	}
	return d, nil
}

// Read returns the next rows of one partition after another, as many as have come within Wait.
func (s *Kafka) Read(ctx context.Context) (batch.Pairs, error) { return s.consumer.read(ctx) }

// Commit commits the offsets behind the first n batches, of the partitions that this member still has. While the group
// is being shared out it waits.
func (s *Kafka) Commit(ctx context.Context, n int64) error { return s.consumer.commit(ctx, n) }

// Lag returns by lane how many records of this member's partitions have not been read.
func (s *Kafka) Lag() map[string]int64 { return s.consumer.lag() }

// Progress returns how much of this member's partitions has been read, from 0 to 1; 0 where there is no end.
func (s *Kafka) Progress() float64 { return s.consumer.progress() }

// Close leaves the group.
func (s *Kafka) Close() error {
	s.consumer.close()
	return nil
}
