package sinks

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// A Message is one to be written to a topic.
type Message struct {
	Key     []byte // decides about the partition
	Value   []byte // nil is null
	Headers []MessageHeader
	Row     int // the first of its batch that it holds
}

// A MessageHeader is a key and a value beside a message.
type MessageHeader struct {
	Key   string
	Value []byte
}

// bytes returns about how many bytes a message takes in a request.
func (m Message) bytes() int {
	n := 64 + len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		n += 8 + len(h.Key) + len(h.Value)
	}
	return n
}

// A MessageEncoder makes messages of batches. [RawMessages], [JSONMessages] and [ArrowMessages] are some; one's own is
// as good.
type MessageEncoder interface {
	// Encode returns messages that hold all rows of a batch, in their order. Where a message holds several, it has no
	// more than so many bytes, unless it holds only one. What is wrong with a row is [pipeline.RowErrors].
	Encode(mem memory.Allocator, in arrow.Record, bytes int) ([]Message, error)
}

// Headers that messages have, beside those that their encoder makes: where their first row is from, and what it was
// made with. Who reads a topic into which a message was written twice can tell so by the first two.
const (
	LaneHeader        = batch.Lane
	OffsetHeader      = batch.Offset
	FingerprintHeader = "fingerprint"
)

// headersOf returns a function that makes the headers of a row's message.
func headersOf(in arrow.Record) func(row int) []MessageHeader {
	fingerprint := []byte(batch.Fingerprint(in.Schema()))
	lane, _ := columnOf(in, batch.Lane).(*array.String)
	offset, _ := columnOf(in, batch.Offset).(*array.Int64)
	return func(row int) []MessageHeader {
		var headers []MessageHeader
		if lane != nil && offset != nil {
			headers = append(headers, MessageHeader{LaneHeader, []byte(lane.Value(row))},
				MessageHeader{OffsetHeader, strconv.AppendInt(nil, offset.Value(row), 10)})
		}
		if len(fingerprint) > 0 {
			headers = append(headers, MessageHeader{FingerprintHeader, fingerprint})
		}
		return headers
	}
}

// columnOf returns the first column of a name, or nil.
func columnOf(in arrow.Record, name string) arrow.Array {
	if at := in.Schema().FieldIndices(name); len(at) > 0 {
		return in.Column(at[0])
	}
	return nil
}

// idsOf returns the column of ids, by which messages are keyed.
func idsOf(in arrow.Record) (*array.String, error) {
	ids, ok := columnOf(in, batch.ID).(*array.String)
	if !ok {
		return nil, fmt.Errorf("no column %q of strings", batch.ID)
	}
	return ids, nil
}

// A RawMessages encoder makes a picture the value, its caption the header "caption", and its id the key. Further columns
// are headers of their names, as text; null ones are left out.
type RawMessages struct{}

// Encode returns a message a row.
func (RawMessages) Encode(_ memory.Allocator, in arrow.Record, _ int) ([]Message, error) {
	ids, err := idsOf(in)
	if err != nil {
		return nil, err
	}
	images, ok := columnOf(in, batch.Image).(*array.Binary)
	captions, captioned := columnOf(in, batch.Caption).(*array.String)
	if !ok || !captioned {
		return nil, fmt.Errorf("raw messages are of pictures and captions: the columns are %v", in.Schema().Fields())
	}
	headers := headersOf(in)
	messages := make([]Message, in.NumRows())
	for i := range messages {
		if images.IsNull(i) || captions.IsNull(i) {
			return nil, pipeline.RowErrors{{Row: int64(i), Err: fmt.Errorf("the picture or the caption is null")}}
		}
		m := Message{Key: []byte(ids.Value(i)), Value: images.Value(i), Headers: headers(i), Row: i}
		for c, field := range in.Schema().Fields() {
			switch field.Name {
			case batch.ID, batch.Image, LaneHeader, OffsetHeader:
				continue
			}
			if column := in.Column(c); column.IsValid(i) {
				text := column.ValueStr(i)
				if !utf8.ValidString(text) {
					return nil, pipeline.RowErrors{{Row: int64(i), Err: fmt.Errorf("column %q: %w", field.Name, errNotUTF8)}}
				}
				m.Headers = append(m.Headers, MessageHeader{field.Name, []byte(text)})
			}
		}
		messages[i] = m
	}
	return messages, nil
}
