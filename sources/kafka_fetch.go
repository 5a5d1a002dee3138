package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// fetchWait is how long a broker may wait for records before it answers that there are none.
const fetchWait = 250 * time.Millisecond

// fetch asks a partition's leader for about so many bytes of records from an offset on: whole batches of them, one at
// least. Records of open transactions are not among them.
func (c *cluster) fetch(ctx context.Context, topic string, partition int, offset int64, bytes int) (*fetch.ResponsePartition, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchWait+requestTimeout)
	defer cancel()
	request := &fetchRequest{Request: &fetch.Request{
		ReplicaID: -1, MaxWaitTime: int32(fetchWait / time.Millisecond), MinBytes: 1, MaxBytes: int32(bytes),
		IsolationLevel: int8(kafka.ReadCommitted), SessionEpoch: -1,
		Topics: []fetch.RequestTopic{{Topic: topic, Partitions: []fetch.RequestPartition{{
			Partition: int32(partition), CurrentLeaderEpoch: -1, FetchOffset: offset, LogStartOffset: -1,
			PartitionMaxBytes: int32(bytes),
		}}}},
	}}
	m, err := c.transport.RoundTrip(ctx, c.client.Addr, request)
	if err != nil {
		return nil, err
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

// A fetchRequest makes an error of a panic in the client's decoder, which has no bounds checks of its own and runs in a
// goroutine of the client's: one bit that flips in a length would end the process.
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
	return protocol.RoundTrip(rw, f.version, 1, clientID, f.Request)
}

// A record is a message on its way from a partition to a batch.
type record struct {
	Message
	next  int64 // the offset to go on from behind it
	bytes int64 // of the consumer's room: about what it takes
	size  int   // of its value, which was left behind where it is too large
	came  time.Time
}

// unpacked is what a response holds.
type unpacked struct {
	records []record
	next    int64 // the offset to go on from
	doubted int64 // the offset of a batch to be fetched again, else -1
	missing int64 // an offset without a record, else -1
}

// unpack returns the records of a response from offset on, up to end where that is not negative. It passes over those
// of aborted transactions.
//
// The checksums leave out the offset of a batch. So a batch that does not begin where the last one ended, because
// records between them were compacted away or because a bit flipped, is believed when it has come twice: unpack stops
// before it, unless its offset is that which was doubted before.
func unpack(r *fetch.ResponsePartition, offset, end, doubted int64, maxBytes int) (unpacked, error) {
	u := unpacked{next: offset, doubted: -1, missing: -1}
	stream, ok := r.RecordSet.Records.(*protocol.RecordStream)
	if !ok {
		return u, nil
	}
	aborted := abortedIn(r)
	for _, set := range stream.Records {
		if end >= 0 && u.next >= end {
			break
		}
		base, based := baseOf(set)
		if based && base != u.next && base != doubted {
			u.doubted = base
			break
		}
		_, unwanted := set.(*protocol.ControlBatch)
		if err := u.add(set, aborted(set) || unwanted, end, maxBytes); err != nil {
			return u, err
		}
	}
	return u, nil
}

// add adds the records of a batch that are at u.next or behind it.
func (u *unpacked) add(set protocol.RecordReader, unwanted bool, end int64, maxBytes int) error {
	began := u.next
	for {
		kr, err := set.ReadRecord()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		wanted := !unwanted && kr.Offset >= u.next && (end < 0 || kr.Offset < end)
		taken, err := take(kr, wanted, maxBytes)
		if err != nil {
			return err
		}
		if wanted {
			u.records = append(u.records, taken)
		}
		if kr.Offset > u.next {
			u.missing = u.next
		}
		u.next = max(u.next, kr.Offset+1)
	}
	if u.next == began { // what is left of a batch whose records were compacted away
		u.missing = u.next
		u.next++
	}
	if end >= 0 {
		u.next = min(u.next, end)
	}
	if n := len(u.records); n > 0 {
		u.records[n-1].next = u.next
	}
	return nil
}

// take copies a record out of the client's memory, and gives that back.
func take(kr *kafka.Record, wanted bool, maxBytes int) (record, error) {
	r := record{Message: Message{Offset: kr.Offset}, next: kr.Offset + 1}
	var err error
	if kr.Key != nil {
		if wanted {
			r.Key, err = kafka.ReadAll(kr.Key)
		}
		kr.Key.Close()
	}
	if kr.Value != nil {
		r.size = kr.Value.Len()
		if wanted && r.size <= maxBytes && err == nil {
			r.Value, err = kafka.ReadAll(kr.Value)
		}
		kr.Value.Close()
	}
	r.bytes = int64(len(r.Key) + len(r.Value) + 128)
	if wanted {
		for _, h := range kr.Headers {
			r.Headers = append(r.Headers, MessageHeader{h.Key, h.Value})
			r.bytes += int64(len(h.Key) + len(h.Value))
		}
	}
	return r, err
}

// baseOf returns the first offset of a batch, which a message of the format before Kafka 0.11 does not tell.
func baseOf(set protocol.RecordReader) (base int64, ok bool) {
	switch b := set.(type) {
	case *protocol.RecordBatch:
		return b.BaseOffset, true
	case *protocol.ControlBatch:
		return b.BaseOffset, true
	}
	return 0, false
}

// abortedIn returns a function that says of each batch of a response, in their order, whether its transaction was
// aborted. See KIP-98: a producer's batches are aborted from the first offset that the response lists for it, up to the
// marker that ends the transaction.
func abortedIn(r *fetch.ResponsePartition) func(protocol.RecordReader) bool {
	listed := slices.Clone(r.AbortedTransactions)
	aborting := map[int64]bool{} // by producer
	return func(set protocol.RecordReader) bool {
		base, _ := baseOf(set)
		listed = slices.DeleteFunc(listed, func(t fetch.ResponseTransaction) bool {
			begun := t.FirstOffset <= base
			if begun {
				aborting[t.ProducerID] = true
			}
			return begun
		})
		switch b := set.(type) {
		case *protocol.ControlBatch:
			delete(aborting, b.ProducerID)
		case *protocol.RecordBatch:
			return b.Attributes.Transactional() && aborting[b.ProducerID]
		}
		return false
	}
}
