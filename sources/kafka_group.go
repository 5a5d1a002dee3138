package sources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/pairstream/pairstream/internal/kafkaclient"
)

// groupTimeout is how long the coordinator has to answer, beyond what sharing out takes.
const groupTimeout = 5 * time.Second

// heartbeat is the longest time between two heartbeats, with whose answer a member hears that another has come.
const heartbeat = time.Second

// join joins the group, and begins to follow it.
func (c *consumer) join() error {
	var err error
	c.group, err = kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: c.Group, Brokers: c.Brokers, Topics: c.Topics, Dialer: c.client.Dialer,
		GroupBalancers:    []kafka.GroupBalancer{kafka.RoundRobinGroupBalancer{}},
		HeartbeatInterval: min(c.SessionTimeout/4, heartbeat),
		SessionTimeout:    c.SessionTimeout,
		RebalanceTimeout:  c.SessionTimeout, // members are quick to join: fetching goes on meanwhile
		JoinGroupBackoff:  500 * time.Millisecond,
		Timeout:           groupTimeout,
	})
	if err != nil {
		return fmt.Errorf("kafka: group %q: %w", c.Group, err)
	}
	c.working.Go(c.follow)
	return nil
}

// follow takes over each generation of the group, and watches over the progress.
func (c *consumer) follow() {
	for c.ctx.Err() == nil {
		ctx, cancel := context.WithTimeout(c.ctx, time.Second)
		generation, err := c.group.Next(ctx)
		nothing := ctx.Err() != nil
		cancel()
		switch {
		case generation != nil:
			c.adopt(generation)
		case c.ctx.Err() != nil:
			return
		case nothing:
			err = c.overdue()
		case hopeless(err):
			err = fmt.Errorf("kafka: group %q: %w", c.Group, err)
		default:
			c.missed(err)
			err = c.overdue()
		}
		if err != nil {
			c.fail(err)
			return
		}
		c.watchPartitions()
	}
}

// adopt begins a generation: it drops the partitions that have gone to others and enters those that have come. One that
// was this member's in the generation right before has been nobody else's since, and goes on.
func (c *consumer) adopt(g *kafka.Generation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	over := make(chan struct{})
	c.generation, c.over = g, over
	g.Start(func(ctx context.Context) {
		select {
		case <-ctx.Done():
		case <-over:
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.generation == g {
			c.generation, c.since = nil, time.Now()
		}
		c.wake()
	})
	continues := g.ID == c.lastID+1
	c.lastID = g.ID
	assigned := map[string]bool{}
	for topic, of := range g.Assignments {
		for _, a := range of {
			assigned[lane(topic, a.ID)] = true
		}
	}
	c.partitions = slices.DeleteFunc(c.partitions, func(p *partition) bool {
		if continues && assigned[p.lane] {
			delete(assigned, p.lane)
			return false
		}
		c.drop(p)
		return true
	})
	for _, topic := range c.Topics {
		for _, a := range g.Assignments[topic] {
			if assigned[lane(topic, a.ID)] {
				c.enter(topic, a.ID)
			}
		}
	}
	c.wake()
}

// missed notes why there is no generation.
func (c *consumer) missed(err error) {
	c.mu.Lock()
	c.groupErr = err
	c.mu.Unlock()
	if !errors.Is(err, kafka.RebalanceInProgress) {
		c.Warn(fmt.Errorf("kafka: group %q: trying again: %w", c.Group, err))
	}
}

// overdue returns an error where the group or the reader has kept this member waiting for too long.
func (c *consumer) overdue() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == nil && time.Since(c.since) > c.Stall {
		err := c.groupErr
		if err == nil {
			err = errors.New("the broker does not answer")
		}
		return fmt.Errorf("kafka: group %q: not a member for %v: %w", c.Group, time.Since(c.since).Round(time.Second), err)
	}
	if !c.reading && time.Since(c.returned) > c.HoldUp && len(c.partitions) > 0 {
		if c.over != nil {
			close(c.over)
			c.over = nil
		}
		c.working.Go(func() { c.group.Close() })
		return fmt.Errorf("kafka: group %q: nothing was read for %v: the partitions are left to others", c.Group, c.HoldUp)
	}
	return nil
}

// watchPartitions ends the generation where a topic has got partitions, so that they are shared out. The client library
// could watch too, but would make a topic anew that was deleted.
func (c *consumer) watchPartitions() {
	counts, err := c.client.Partitions(c.ctx, c.Topics) // known to the client: this asks no broker
	if err != nil || slices.Equal(counts, c.counts) {
		return
	}
	c.counts = counts
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over != nil {
		close(c.over)
		c.over = nil
	}
}

// commit notes that the first n reads are stored, and commits that.
func (c *consumer) commit(ctx context.Context, n int64) error {
	c.mu.Lock()
	var lost int
	for c.forgotten < n && len(c.reads) > 0 {
		read := c.reads[0]
		c.reads = c.reads[1:]
		c.forgotten++
		if read.partition.left {
			lost++
		}
		read.partition.stored = max(read.partition.stored, read.next)
	}
	c.mu.Unlock()
	if lost > 0 {
		c.Warn(fmt.Errorf("kafka: group %q: %d batches are stored whose partitions have gone to other members: these may store them too", c.Group, lost))
	}
	if c.Group == "" {
		return nil
	}
	return c.flush(ctx)
}

// flush commits what is stored of the partitions that are this member's. While the group is shared out it waits for the
// next generation, in which they may still be.
func (c *consumer) flush(ctx context.Context) error {
	c.committing.Lock() // an offset must not overtake a later one
	defer c.committing.Unlock()
	began := time.Now()
	for {
		var generation *kafka.Generation
		var stored map[string]map[int]int64
		err := c.await(ctx, func() (bool, time.Duration) {
			generation, stored = c.generation, c.uncommitted()
			return generation != nil || len(stored) == 0 || time.Since(began) > c.Stall, c.Stall
		})
		switch {
		case err != nil || len(stored) == 0:
			return err
		case generation != nil:
			if err = generation.CommitOffsets(stored); err == nil {
				c.note(stored)
				continue
			}
			c.Warn(fmt.Errorf("kafka: group %q: trying to commit again: %w", c.Group, err))
		default:
			err = errors.New("it is being shared out")
		}
		if time.Since(began) > c.Stall {
			return fmt.Errorf("kafka: group %q: cannot commit what is stored: %w", c.Group, err)
		}
		if err := kafkaclient.Sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// uncommitted returns what is stored and not committed, by topic and partition. c.mu is held.
func (c *consumer) uncommitted() map[string]map[int]int64 {
	offsets := map[string]map[int]int64{}
	for _, p := range c.partitions {
		if p.located && p.stored > p.committed {
			if offsets[p.topic] == nil {
				offsets[p.topic] = map[int]int64{}
			}
			offsets[p.topic][p.number] = p.stored
		}
	}
	return offsets
}

// note notes what was committed.
func (c *consumer) note(offsets map[string]map[int]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.partitions {
		if offset, ok := offsets[p.topic][p.number]; ok {
			p.committed = max(p.committed, offset)
		}
	}
}
