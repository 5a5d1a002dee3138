package sources

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/semaphore"

	"github.com/pairstream/pairstream/internal/kafkaclient"
)

// A consumer is a Kafka that is open: a goroutine fetches each partition that is this member's, another follows the
// group, and read takes what they have fetched.
type consumer struct {
	Kafka
	client *kafkaclient.Client
	fields []arrow.Field       // of the further columns
	ends   map[string]int64    // by lane, when it was opened; nil where they do not matter
	counts []int               // partitions of each topic
	room   *semaphore.Weighted // bytes that may still be fetched

	ctx     context.Context // ends when fetching does
	stop    context.CancelFunc
	working sync.WaitGroup
	group   *kafka.ConsumerGroup // nil without a group

	committing sync.Mutex // taken before mu

	mu         sync.Mutex
	changed    chan struct{} // closed when anything below has changed
	err        error         // the first that ends the source
	partitions []*partition

	generation *kafka.Generation // that is on; nil while the group is shared out
	over       chan struct{}     // closed to end it from here
	lastID     int32             // of the last generation
	since      time.Time         // there is no generation
	groupErr   error             // why, when last heard

	turn     int       // of the partitions to read next
	reading  bool      // read is being called
	returned time.Time // read was left

	reads     []position // that are not committed
	forgotten int64      // reads before those
}

// A position is how far a batch came in a partition.
type position struct {
	partition *partition
	next      int64
}

func newConsumer(settings Kafka, columns further, client *kafkaclient.Client) *consumer {
	now := time.Now()
	c := &consumer{
		Kafka: settings, client: client, room: semaphore.NewWeighted(max(settings.BufferBytes, peekBytes)),
		ends: map[string]int64{}, counts: make([]int, len(settings.Topics)),
		changed: make(chan struct{}), since: now, returned: now, lastID: -2,
	}
	for _, name := range columns.names {
		c.fields = append(c.fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// begin finds the partitions and starts the goroutines.
func (c *consumer) begin(ctx context.Context) error {
	for i, topic := range c.Topics {
		if err := c.patiently(ctx, fmt.Sprintf("topic %q", topic), func() error { return c.survey(ctx, i) }); err != nil {
			return fmt.Errorf("kafka: %w", err)
		}
	}
	if c.Group != "" {
		return c.join()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, topic := range c.Topics {
		for number := range c.counts[i] {
			c.enter(topic, number)
		}
	}
	return nil
}

// survey notes how many partitions the i-th topic has, and where they end now.
func (c *consumer) survey(ctx context.Context, i int) error {
	topic := c.Topics[i]
	counts, err := c.client.Partitions(ctx, c.Topics[i:i+1])
	if err != nil {
		return err
	}
	c.counts[i] = counts[0]
	if !c.ToEnd && !c.Latest {
		return nil
	}
	ends, err := c.client.Ends(ctx, topic, counts[0])
	for number, end := range ends {
		c.ends[lane(topic, number)] = end
	}
	return err
}

func lane(topic string, partition int) string { return fmt.Sprintf("%s/%d", topic, partition) }

// enter begins to fetch a partition. c.mu is held.
func (c *consumer) enter(topic string, number int) {
	p := &partition{topic: topic, number: number, lane: lane(topic, number), end: -1, stored: -1, committed: -1, doubted: -1, skipIn: -1}
	if c.ToEnd {
		p.end = c.ends[p.lane] // 0 of a partition that is younger
	}
	var ctx context.Context
	ctx, p.leave = context.WithCancel(c.ctx)
	c.partitions = append(c.partitions, p)
	c.working.Go(func() { p.run(ctx, c) })
}

// drop gives up a partition. c.mu is held.
func (c *consumer) drop(p *partition) {
	p.left = true
	p.leave()
	c.room.Release(p.queued)
	p.queue, p.queued = nil, 0
}

// reserve waits until there is room for what a partition has next, in turn with the others, and returns how many bytes
// to fetch.
func (c *consumer) reserve(ctx context.Context, p *partition) (bytes int64, err error) {
	bytes = peekBytes
	err = c.await(ctx, func() (bool, time.Duration) {
		if !p.heard || p.position < p.high {
			bytes = min(fetchBytes, max(c.BufferBytes/2, peekBytes))
		}
		return p.queued < fetchBytes, 0
	})
	if err != nil {
		return 0, err
	}
	return bytes, c.room.Acquire(ctx, bytes)
}

// receive queues what was fetched, and frees the rest of what was reserved for it. Where it is more than that, because
// one batch alone is, the room does not count the rest.
func (c *consumer) receive(p *partition, reserved int64, got kafkaclient.Unpacked) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !p.left {
		now := time.Now()
		for _, r := range got.Records {
			bytes := min(r.Bytes(), reserved)
			reserved -= bytes
			p.queued += bytes
			p.queue = append(p.queue, queued{r, bytes, now})
		}
		p.position = got.Next
	}
	c.room.Release(reserved)
	c.wake()
}

// await waits until ready returns true, or else until the source fails or ctx ends. Ready may ask to be called again
// after a time. c.mu is held in it.
func (c *consumer) await(ctx context.Context, ready func() (done bool, again time.Duration)) error {
	for {
		c.mu.Lock()
		done, again := ready()
		err, changed := c.err, c.changed
		c.mu.Unlock()
		if done {
			return nil
		}
		if err != nil {
			return err
		}
		if again <= 0 {
			again = time.Hour
		}
		timer := time.NewTimer(again)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// wake lets those who await look again. c.mu is held.
func (c *consumer) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// fail ends the fetching.
func (c *consumer) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
	c.stop()
	c.wake()
}

func (c *consumer) lag() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	lags := map[string]int64{}
	for _, p := range c.partitions {
		if p.located {
			lags[p.lane] = max(p.high-p.given, 0)
		}
	}
	return lags
}

func (c *consumer) progress() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var read, all int64
	for _, p := range c.partitions {
		if p.located && p.end > p.began {
			read += p.given - p.began
			all += p.end - p.began
		}
	}
	if all == 0 {
		return 0
	}
	return float64(read) / float64(all)
}

// close leaves the group and waits for all goroutines.
func (c *consumer) close() {
	c.stop()
	if c.group != nil {
		left := make(chan struct{})
		c.working.Go(func() {
			defer close(left)
			c.group.Close()
		})
		select {
		case <-left:
		case <-time.After(leaveTimeout):
		}
	}
	c.client.Cut() // what still waits for a broker fails now
	c.working.Wait()
	c.client.Close()
}

// leaveTimeout is how long a broker has to answer that this member leaves.
const leaveTimeout = 3 * time.Second
