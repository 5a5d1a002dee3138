// Package message makes rows of the messages of a topic: what sources.Kafka is told by its field Messages.
//
//	Raw    a picture, its caption in a header
//	JSON   an object with a caption and a picture, or where that is
//	Arrow  an IPC stream of pairs
//
// One's own is a [Decoder].
package message

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"
)

// A Message is one of a topic.
type Message struct {
	Topic     string
	Partition int
	Offset    int64
	Key       []byte // nil where null
	Value     []byte // nil where null
	Headers   []Header
}

// A Header is a key and a value beside a message.
type Header struct {
	Key   string
	Value []byte
}

// Header returns the value of the last header of a key; ok is false where there is none.
func (m Message) Header(key string) (value []byte, ok bool) {
	for i := len(m.Headers) - 1; i >= 0; i-- {
		if m.Headers[i].Key == key {
			return m.Headers[i].Value, true
		}
	}
	return nil, false
}

// A Row is a pair in a message.
type Row struct {
	ID      string // may be empty: see [Decoder]
	Image   []byte
	Caption string
	Further map[string]string // of the columns that were asked for, those that it has
	Err     error             // why the row is bad, else nil
}

// set gives a row a further column.
func (r *Row) set(column, value string) {
	if r.Further == nil {
		r.Further = map[string]string{}
	}
	r.Further[column] = value
}

// A Decoder makes rows of messages. It is called by several goroutines at once.
//
// Where it returns an error, the message is one bad row. A row without an id is named by its place,
// "topic/partition@offset".
type Decoder interface {
	// Decode returns the rows of a message. They may point into it.
	Decode(ctx context.Context, m Message, want Wants) ([]Row, error)

	// MaxRows is the most rows that a message can hold. A row's origin_offset is the message's offset times MaxRows
	// plus the row's number in the message, so that rows ascend and each has its own; with one row a message it is the
	// message's offset.
	MaxRows() int64
}

// Wants says what is wanted of a message.
type Wants struct {
	Columns []string // further columns, as text
	Picture int64    // the most bytes of a picture that is not in the message
	Bytes   int      // the most bytes of a message when it is decompressed
}

var errNullValue = errors.New("the value is null: a tombstone is no pair")

// checkText returns an error where a text is not UTF-8.
func checkText(name, text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s is not UTF-8", name)
	}
	return nil
}

// KeyID returns a message's key as an id; empty where it is not UTF-8.
func (m Message) KeyID() string {
	if !utf8.Valid(m.Key) {
		return ""
	}
	return string(m.Key)
}
