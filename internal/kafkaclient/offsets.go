package kafkaclient

import (
	"context"
	"fmt"
	"slices"

	"github.com/segmentio/kafka-go"
)

// Partitions returns how many partitions each topic has.
func (c *Client) Partitions(ctx context.Context, topics []string) ([]int, error) {
	metadata, err := c.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
	if err != nil {
		return nil, Tidy(ctx, err)
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

// Offset returns the first offset of a partition, or that behind its last record which is not part of an open
// transaction: which is kafka.FirstOffset or kafka.LastOffset.
func (c *Client) Offset(ctx context.Context, topic string, partition int, which int64) (int64, error) {
	r, err := c.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics:         map[string][]kafka.OffsetRequest{topic: {{Partition: partition, Timestamp: which}}},
		IsolationLevel: kafka.ReadCommitted,
	})
	if err != nil {
		return 0, Tidy(ctx, err)
	}
	if len(r.Topics[topic]) == 0 {
		return 0, fmt.Errorf("no offset of %s/%d in the broker's answer", topic, partition)
	}
	return offsetIn(r.Topics[topic][0])
}

// Ends returns the offsets behind the last records of a topic's n partitions, as Offset does.
func (c *Client) Ends(ctx context.Context, topic string, n int) ([]int64, error) {
	requests := make([]kafka.OffsetRequest, n)
	for p := range requests {
		requests[p] = kafka.LastOffsetOf(p)
	}
	r, err := c.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{topic: requests}, IsolationLevel: kafka.ReadCommitted,
	})
	if err != nil {
		return nil, Tidy(ctx, err)
	}
	ends, found := make([]int64, n), make([]bool, n)
	for _, p := range r.Topics[topic] {
		if p.Partition < 0 || p.Partition >= n {
			continue
		}
		if ends[p.Partition], err = offsetIn(p); err != nil {
			return nil, fmt.Errorf("%s/%d: %w", topic, p.Partition, err)
		}
		found[p.Partition] = true
	}
	if p := slices.Index(found, false); p >= 0 {
		return nil, fmt.Errorf("no offset of %s/%d in the broker's answer", topic, p)
	}
	return ends, nil
}

// offsetIn returns the only offset that was asked for. The library files the first and the last under either name; the
// other is 0 or -1.
func offsetIn(p kafka.PartitionOffsets) (int64, error) {
	return max(p.FirstOffset, p.LastOffset), p.Error
}

// Committed returns the offset that a group has committed; -1 where it has none.
func (c *Client) Committed(ctx context.Context, group, topic string, partition int) (int64, error) {
	r, err := c.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: map[string][]int{topic: {partition}}})
	if err != nil {
		return 0, Tidy(ctx, err)
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
