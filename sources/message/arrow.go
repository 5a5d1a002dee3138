package message

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// Arrow messages are Arrow IPC streams of batches whose first columns are those of Pairs: id utf8, image binary,
// caption utf8. A message holds up to 2²⁰ rows. Further columns are columns of their names, as text.
type Arrow struct{}

// MaxRows returns 2²⁰.
func (Arrow) MaxRows() int64 { return 1 << 20 }

// Decode returns the rows of all batches of a message.
//
// Arrow's reader believes the lengths in a message and panics at some. Here they are held against the message first,
// memory is counted, and a panic is an error.
func (d Arrow) Decode(_ context.Context, m Message, want Wants) (rows []Row, err error) {
	if m.Value == nil {
		return nil, errNullValue
	}
	defer func() {
		if v := recover(); v != nil {
			rows, err = nil, fmt.Errorf("not an Arrow stream of pairs: %v", v)
		}
	}()
	frames := &arrowFrames{rest: m.Value}
	mem := &boundedAllocator{Allocator: memory.NewGoAllocator(), left: want.Bytes}
	r, err := ipc.NewReaderFromMessageReader(frames, ipc.WithAllocator(mem))
	if err != nil {
		return nil, err
	}
	for r.Next() {
		p, err := batch.NewPairs(r.Record())
		if err != nil {
			return nil, err
		}
		if int64(len(rows))+p.NumRows() > d.MaxRows() {
			return nil, fmt.Errorf("more than %d rows", d.MaxRows())
		}
		rows = appendRows(rows, p, want.Columns)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	if len(frames.rest) > 0 {
		return nil, fmt.Errorf("%d bytes after the end of the stream", len(frames.rest))
	}
	return rows, nil
}

// appendRows appends the rows of a batch. What they point to is left to the garbage collector.
func appendRows(rows []Row, p batch.Pairs, columns []string) []Row {
	ids := p.Column(0).(*array.String)
	further := map[string]arrow.Array{}
	for _, name := range columns {
		if at := p.Schema().FieldIndices(name); len(at) > 0 {
			further[name] = p.Column(at[0])
		}
	}
	for i := range int(p.NumRows()) {
		row := Row{ID: ids.Value(i), Image: p.Picture(i)}
		var captioned bool
		row.Caption, captioned = p.Caption(i)
		switch {
		case len(row.Image) == 0:
			row.Err = errors.New("the picture is null or empty")
		case !captioned:
			row.Err = errors.New("the caption is null")
		default:
			row.Err = checkText("the caption", row.Caption)
		}
		if err := checkText("the id", row.ID); err != nil {
			row.ID, row.Err = "", err
		}
		for name, column := range further {
			if column.IsNull(i) {
				continue
			}
			text := column.ValueStr(i)
			if err := checkText(name, text); err != nil && row.Err == nil {
				row.Err = err
			}
			row.set(name, text)
		}
		rows = append(rows, row)
	}
	return rows
}

// arrowFrames reads the messages of an IPC stream in memory, without copying them.
// See https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format.
type arrowFrames struct{ rest []byte }

// Message returns the next message, and io.EOF after the last.
func (f *arrowFrames) Message() (*ipc.Message, error) {
	if len(f.rest) == 0 {
		return nil, io.EOF
	}
	const continuation = 0xFFFFFFFF
	prefix, err := f.take(8)
	if err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(prefix) != continuation {
		return nil, errors.New("not an Arrow IPC stream")
	}
	length := binary.LittleEndian.Uint32(prefix[4:])
	if length == 0 {
		return nil, io.EOF
	}
	meta, err := f.take(int64(length))
	if err != nil {
		return nil, err
	}
	if err := checkArrowMetadata(meta); err != nil {
		return nil, err
	}
	head := ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(nil))
	body, err := f.take(head.BodyLen())
	if err != nil {
		return nil, err
	}
	return ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(body)), nil
}

// take returns the next n bytes.
func (f *arrowFrames) take(n int64) ([]byte, error) {
	if n < 0 || n > int64(len(f.rest)) {
		return nil, fmt.Errorf("a length of %d with %d bytes left: %w", n, len(f.rest), io.ErrUnexpectedEOF)
	}
	taken := f.rest[:n:n]
	f.rest = f.rest[n:]
	return taken, nil
}

// Retain does nothing: the messages are garbage collected.
func (f *arrowFrames) Retain() {}

// Release does nothing: the messages are garbage collected.
func (f *arrowFrames) Release() {}

// A boundedAllocator panics where more is asked for than is left.
type boundedAllocator struct {
	memory.Allocator
	left int
}

func (a *boundedAllocator) Allocate(size int) []byte {
	a.spend(size, 0)
	return a.Allocator.Allocate(size)
}

func (a *boundedAllocator) Reallocate(size int, old []byte) []byte {
	a.spend(size, len(old))
	return a.Allocator.Reallocate(size, old)
}

func (a *boundedAllocator) spend(size, had int) {
	if size < 0 || size-had > a.left {
		panic(fmt.Sprintf("%d bytes where no more than %d may be decoded", size, a.left+had))
	}
	a.left -= size - had
}
