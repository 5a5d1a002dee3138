// Package kafkatest runs tests against brokers: one in this process, spoken to over TCP, and Apache Kafka where the
// environment variable PAIRSTREAM_KAFKA holds its address, as .ci/kafka prints it.
package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A Broker is a cluster to test against.
type Broker struct {
	Addresses []string
	Fake      *kfake.Cluster // nil where it is a real one
}

// Each runs a test against a broker of each kind that is there.
func Each(t *testing.T, test func(t *testing.T, b *Broker)) {
	t.Run("in process", func(t *testing.T) { test(t, Start(t)) })
	if b := apache(); b != nil {
		t.Run("apache", func(t *testing.T) { test(t, b) })
	}
}

// One returns Apache Kafka where it is there, else a cluster in this process.
func One(t testing.TB) *Broker {
	t.Helper()
	if b := apache(); b != nil {
		return b
	}
	return Start(t)
}

func apache() *Broker {
	if address := os.Getenv("PAIRSTREAM_KAFKA"); address != "" {
		return &Broker{Addresses: strings.Split(address, ",")}
	}
	return nil
}

// Start starts a cluster of three brokers in this process, which the test ends.
func Start(t testing.TB, options ...kfake.Opt) *Broker {
	t.Helper()
	options = append([]kfake.Opt{kfake.NumBrokers(3), kfake.GroupMinSessionTimeout(100 * time.Millisecond)}, options...)
	fake, err := kfake.NewCluster(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	return &Broker{Addresses: fake.ListenAddrs(), Fake: fake}
}

// Do calls f with a client, which is closed afterwards.
func (b *Broker) Do(t testing.TB, f func(ctx context.Context, c *kgo.Client) error, options ...kgo.Opt) {
	t.Helper()
	c, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(b.Addresses...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(10 * time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.UnknownTopicRetries(-1),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := f(ctx, c); err != nil {
		t.Fatal(err)
	}
}

// Topic makes a topic of a name of its own, which the test deletes, and returns the name.
func (b *Broker) Topic(t testing.TB, partitions int32, configs ...string) string {
	t.Helper()
	name := fmt.Sprintf("test-%d", time.Now().UnixNano())
	b.Make(t, name, partitions, configs...)
	if b.Fake == nil {
		t.Cleanup(func() { b.Delete(t, name) })
	}
	return name
}

// Make makes a topic. It may have been deleted just before.
func (b *Broker) Make(t testing.TB, name string, partitions int32, configs ...string) {
	t.Helper()
	b.Do(t, func(ctx context.Context, c *kgo.Client) error {
		request := kmsg.NewCreateTopicsRequest()
		request.TimeoutMillis = 10_000
		topic := kmsg.NewCreateTopicsRequestTopic()
		topic.Topic, topic.NumPartitions, topic.ReplicationFactor = name, partitions, -1
		for i := 0; i+1 < len(configs); i += 2 {
			config := kmsg.NewCreateTopicsRequestTopicConfig()
			config.Name, config.Value = configs[i], &configs[i+1]
			topic.Configs = append(topic.Configs, config)
		}
		request.Topics = append(request.Topics, topic)
		for {
			response, err := request.RequestWith(ctx, c)
			if err != nil {
				return err
			}
			err = kerr.ErrorForCode(response.Topics[0].ErrorCode)
			if !errors.Is(err, kerr.TopicAlreadyExists) { // while it is being deleted
				return err
			}
			time.Sleep(10 * time.Millisecond)
		}
	})
}

// Delete deletes a topic.
func (b *Broker) Delete(t testing.TB, topic string) {
	t.Helper()
	b.Do(t, func(ctx context.Context, c *kgo.Client) error {
		request := kmsg.NewDeleteTopicsRequest()
		request.TimeoutMillis = 10_000
		request.TopicNames = []string{topic}
		of := kmsg.NewDeleteTopicsRequestTopic()
		of.Topic = &topic
		request.Topics = append(request.Topics, of)
		response, err := request.RequestWith(ctx, c)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(response.Topics[0].ErrorCode)
	})
}

// Produce writes records, each to the partition that it names.
func (b *Broker) Produce(t testing.TB, records ...*kgo.Record) {
	t.Helper()
	most := 1_000_000
	for _, r := range records {
		most = max(most, len(r.Value)+100_000)
	}
	b.Do(t, func(ctx context.Context, c *kgo.Client) error { return c.ProduceSync(ctx, records...).FirstErr() },
		kgo.ProducerBatchMaxBytes(int32(most)))
}

// DeleteRecords deletes the records of a partition before an offset, as retention does.
func (b *Broker) DeleteRecords(t testing.TB, topic string, partition int32, before int64) {
	t.Helper()
	b.Do(t, func(ctx context.Context, c *kgo.Client) error {
		request := kmsg.NewDeleteRecordsRequest()
		request.TimeoutMillis = 10_000
		of := kmsg.NewDeleteRecordsRequestTopic()
		of.Topic = topic
		in := kmsg.NewDeleteRecordsRequestTopicPartition()
		in.Partition, in.Offset = partition, before
		of.Partitions = append(of.Partitions, in)
		request.Topics = append(request.Topics, of)
		response, err := request.RequestWith(ctx, c)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(response.Topics[0].Partitions[0].ErrorCode)
	})
}

// Committed returns the offsets that a group has committed of a topic, by partition; -1 where it has none.
func (b *Broker) Committed(t testing.TB, group, topic string, partitions int) []int64 {
	t.Helper()
	offsets := make([]int64, partitions)
	b.Do(t, func(ctx context.Context, c *kgo.Client) error {
		request := kmsg.NewOffsetFetchRequest()
		request.Group = group
		of := kmsg.NewOffsetFetchRequestTopic()
		of.Topic = topic
		in := kmsg.NewOffsetFetchRequestGroup()
		in.Group = group
		inTopic := kmsg.NewOffsetFetchRequestGroupTopic()
		inTopic.Topic = topic
		for p := range int32(partitions) {
			of.Partitions, inTopic.Partitions = append(of.Partitions, p), append(inTopic.Partitions, p)
			offsets[p] = -1
		}
		in.Topics = append(in.Topics, inTopic)
		request.Topics, request.Groups = append(request.Topics, of), append(request.Groups, in)
		response, err := request.RequestWith(ctx, c)
		if err != nil {
			return err
		}
		for _, t := range response.Topics {
			for _, p := range t.Partitions {
				offsets[p.Partition] = p.Offset
			}
		}
		for _, g := range response.Groups {
			for _, t := range g.Topics {
				for _, p := range t.Partitions {
					offsets[p.Partition] = p.Offset
				}
			}
		}
		return nil
	})
	return offsets
}

// Records reads n records of a topic.
func (b *Broker) Records(t testing.TB, topic string, n int) []*kgo.Record {
	t.Helper()
	var records []*kgo.Record
	b.Do(t, func(ctx context.Context, c *kgo.Client) error {
		for len(records) < n {
			fetches := c.PollFetches(ctx)
			if err := fetches.Err0(); err != nil {
				return fmt.Errorf("%d of %d records: %w", len(records), n, err)
			}
			records = append(records, fetches.Records()...)
		}
		return nil
	}, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond))
	return records
}

// Expel takes all members out of a group, as if they had died. They hear of it with their next heartbeat.
func (b *Broker) Expel(t testing.TB, group string) {
	t.Helper()
	b.Do(t, func(ctx context.Context, c *kgo.Client) error {
		describe := kmsg.NewDescribeGroupsRequest()
		describe.Groups = []string{group}
		described, err := describe.RequestWith(ctx, c)
		if err != nil {
			return err
		}
		leave := kmsg.NewLeaveGroupRequest()
		leave.Group = group
		for _, m := range described.Groups[0].Members {
			member := kmsg.NewLeaveGroupRequestMember()
			member.MemberID = m.MemberID
			leave.Members = append(leave.Members, member)
		}
		response, err := leave.RequestWith(ctx, c)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(response.ErrorCode)
	})
}

// Count returns how many offsets the partitions of a topic have, together.
func (b *Broker) Count(t testing.TB, topic string) int {
	t.Helper()
	n := int64(0)
	b.Do(t, func(ctx context.Context, c *kgo.Client) error {
		metadata := kmsg.NewMetadataRequest()
		of := kmsg.NewMetadataRequestTopic()
		of.Topic = &topic
		metadata.Topics = append(metadata.Topics, of)
		found, err := metadata.RequestWith(ctx, c)
		if err != nil {
			return err
		}
		request := kmsg.NewListOffsetsRequest()
		in := kmsg.NewListOffsetsRequestTopic()
		in.Topic = topic
		for _, p := range found.Topics[0].Partitions {
			partition := kmsg.NewListOffsetsRequestTopicPartition()
			partition.Partition, partition.Timestamp = p.Partition, -1
			in.Partitions = append(in.Partitions, partition)
		}
		request.Topics = append(request.Topics, in)
		for _, shard := range c.RequestSharded(ctx, &request) { // a leader each
			if shard.Err != nil {
				return shard.Err
			}
			for _, p := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics[0].Partitions {
				n += p.Offset
			}
		}
		return nil
	})
	return int(n)
}
