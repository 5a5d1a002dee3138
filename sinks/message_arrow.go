package sinks

import (
	"bytes"
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// An ArrowMessages encoder makes Arrow IPC streams, each of one record batch: of as many rows as a message may have
// bytes for. The key is the id of the first row, so rows of one id may come to be in several partitions.
type ArrowMessages struct{}

// Encode returns the messages of a batch.
func (e ArrowMessages) Encode(mem memory.Allocator, in arrow.Record, most int) ([]Message, error) {
	if _, err := idsOf(in); err != nil {
		return nil, err
	}
	return e.append(nil, mem, in, 0, in.NumRows(), most)
}

// append appends the messages of rows from to to-1, by halves where they are more than fits one.
func (e ArrowMessages) append(messages []Message, mem memory.Allocator, in arrow.Record, from, to int64, most int) ([]Message, error) {
	ids, err := idsOf(in)
	if err != nil {
		return nil, err
	}
	value, err := ipcStream(mem, in, from, to)
	if err != nil {
		return nil, err
	}
	m := Message{Key: []byte(ids.Value(int(from))), Value: value, Headers: headersOf(in)(int(from)), Row: int(from)}
	if m.bytes() <= most || to-from == 1 {
		return append(messages, m), nil
	}
	middle := from + (to-from)/2
	if messages, err = e.append(messages, mem, in, from, middle, most); err != nil {
		return nil, err
	}
	return e.append(messages, mem, in, middle, to, most)
}

// ipcStream returns rows from to to-1 of a record as an IPC stream.
func ipcStream(mem memory.Allocator, in arrow.Record, from, to int64) ([]byte, error) {
	rows := in.NewSlice(from, to)
	defer rows.Release()
	var stream bytes.Buffer
	w := ipc.NewWriter(&stream, ipc.WithSchema(in.Schema()), ipc.WithAllocator(mem))
	if err := errors.Join(w.Write(rows), w.Close()); err != nil {
		return nil, err
	}
	return stream.Bytes(), nil
}
