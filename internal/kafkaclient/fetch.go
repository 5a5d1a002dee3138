package kafkaclient

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// fetchWait is how long a broker may wait for records before it answers that there are none.
const fetchWait = 250 * time.Millisecond

// Response is a partition in a broker's answer.
type Response = fetch.ResponsePartition

// Fetch asks a partition's leader for about so many bytes of records from an offset on: whole batches of them, one at
// least. Records of open transactions are not among them.
func (c *Client) Fetch(ctx context.Context, topic string, partition int, offset int64, bytes int) (*Response, error) {
	within, cancel := context.WithTimeout(ctx, fetchWait+c.Timeout)
	defer cancel()
	request := &fetchRequest{Request: &fetch.Request{
		ReplicaID: -1, MaxWaitTime: int32(fetchWait / time.Millisecond), MinBytes: 1, MaxBytes: int32(bytes),
		IsolationLevel: int8(kafka.ReadCommitted), SessionEpoch: -1,
		Topics: []fetch.RequestTopic{{Topic: topic, Partitions: []fetch.RequestPartition{{
			Partition: int32(partition), CurrentLeaderEpoch: -1, FetchOffset: offset, LogStartOffset: -1,
			PartitionMaxBytes: int32(bytes),
		}}}},
	}}
	m, err := c.transport.RoundTrip(within, c.Addr, request)
	if err != nil {
		return nil, Tidy(ctx, err)
	}
	r := m.(*fetch.Response)
	switch {
	case r.ErrorCode != 0:
		return nil, kafka.Error(r.ErrorCode)
	case len(r.Topics) != 1 || r.Topics[0].Topic != topic || len(r.Topics[0].Partitions) != 1 ||
		r.Topics[0].Partitions[0].Partition != int32(partition):
		return nil, fmt.Errorf("the broker answers for another partition")
	}
	p := &r.Topics[0].Partitions[0]
	if p.ErrorCode != 0 {
		return p, kafka.Error(p.ErrorCode)
	}
	return p, nil
}

// A fetchRequest makes an error of a panic in the library's decoder, which has no bounds checks of its own and runs in a
// goroutine of the library's: one bit that flips in a length would end the process.
type fetchRequest struct {
	*fetch.Request
	version int16
}

// Required notes the version that the broker talks, and asks to be called for the exchange.
func (f *fetchRequest) Required(versions map[protocol.ApiKey]int16) bool {
	f.version = versions[protocol.Fetch]
	return true
}

// RawExchange sends the request and reads the response.
func (f *fetchRequest) RawExchange(rw io.ReadWriter) (m protocol.Message, err error) {
	defer func() {
		if v := recover(); v != nil {
			m, err = nil, fmt.Errorf("corrupt response: %v", v)
		}
	}()
	return protocol.RoundTrip(rw, f.version, 1, id, f.Request)
}
