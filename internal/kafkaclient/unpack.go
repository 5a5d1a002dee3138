package kafkaclient

import (
	"errors"
	"io"
	"slices"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// A Record is a message.
type Record struct {
	Offset     int64
	Key, Value []byte // nil where null
	Headers    []kafka.Header
	Next       int64 // the offset to go on from behind it
	Size       int   // of the value, which is nil where it is too large
}

// Bytes returns about what a record takes in memory.
func (r Record) Bytes() int64 {
	n := 128 + len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return int64(n)
}

// Unpacked is what a response holds.
type Unpacked struct {
	Records []Record
	Next    int64 // the offset to go on from
	Doubted int64 // the offset of a batch to be fetched again, else -1
	Missing int64 // an offset without a record, else -1
}

// Unpack returns the records of a response from offset on, up to end where that is not negative. It passes over those
// of aborted transactions.
//
// The checksums leave out the offset of a batch. So a batch that does not begin where the last one ended, because
// records between them were compacted away or because a bit flipped, is believed when it has come twice: Unpack stops
// before it, unless its offset is that which was doubted before.
func Unpack(r *Response, offset, end, doubted int64, maxBytes int) (Unpacked, error) {
	u := Unpacked{Next: offset, Doubted: -1, Missing: -1}
	stream, ok := r.RecordSet.Records.(*protocol.RecordStream)
	if !ok {
		return u, nil
	}
	aborted := abortedIn(r)
	for _, set := range stream.Records {
		if end >= 0 && u.Next >= end {
			break
		}
		base, based := baseOf(set)
		if based && base != u.Next && base != doubted {
			u.Doubted = base
			break
		}
		_, unwanted := set.(*protocol.ControlBatch)
		if err := u.add(set, aborted(set) || unwanted, end, maxBytes); err != nil {
			return u, err
		}
	}
	return u, nil
}

// add adds the records of a batch that are at u.Next or behind it.
func (u *Unpacked) add(set protocol.RecordReader, unwanted bool, end int64, maxBytes int) error {
	began := u.Next
	for {
		kr, err := set.ReadRecord()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		wanted := !unwanted && kr.Offset >= u.Next && (end < 0 || kr.Offset < end)
		taken, err := take(kr, wanted, maxBytes)
		if err != nil {
			return err
		}
		if wanted {
			u.Records = append(u.Records, taken)
		}
		if kr.Offset > u.Next {
			u.Missing = u.Next
		}
		u.Next = max(u.Next, kr.Offset+1)
	}
	if u.Next == began { // what is left of a batch whose records were compacted away
		u.Missing = u.Next
		u.Next++
	}
	if end >= 0 {
		u.Next = min(u.Next, end)
	}
	if n := len(u.Records); n > 0 {
		u.Records[n-1].Next = u.Next
	}
	return nil
}

// take copies a record out of the library's memory, and gives that back.
func take(kr *kafka.Record, wanted bool, maxBytes int) (Record, error) {
	r := Record{Offset: kr.Offset, Next: kr.Offset + 1}
	var err error
	if kr.Key != nil {
		if wanted {
			r.Key, err = kafka.ReadAll(kr.Key)
		}
		kr.Key.Close()
	}
	if kr.Value != nil {
		r.Size = kr.Value.Len()
		if wanted && r.Size <= maxBytes && err == nil {
			r.Value, err = kafka.ReadAll(kr.Value)
		}
		kr.Value.Close()
	}
	if wanted {
		r.Headers = kr.Headers
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
func abortedIn(r *Response) func(protocol.RecordReader) bool {
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
