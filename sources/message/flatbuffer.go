package message

import (
	"encoding/binary"
	"errors"
)

// checkArrowMetadata returns an error unless the offsets and lengths in the metadata of an Arrow IPC message stay within
// it. Arrow's reader allocates by them and recurses along them unseen: a few bytes can make it ask for more memory than
// there is, which no recover survives. It does what the flatbuffers' own verifier does for C++.
//
// See https://flatbuffers.dev/internals, and Message.fbs and Schema.fbs of Arrow for the numbers of fields and types.
func checkArrowMetadata(metadata []byte) error {
	b := &flatbuffer{bytes: metadata}
	message := b.follow(0)
	b.enter(message, 0)
	b.keyValues(b.field(message, 4))
	kind, header := b.byte(b.field(message, 1)), b.table(b.field(message, 2))
	const (
		schema          = 1
		dictionaryBatch = 2
		recordBatch     = 3
	)
	switch {
	case header == 0:
		b.fail()
	case kind == schema:
		b.fields(b.field(header, 1), 1)
		b.keyValues(b.field(header, 2))
	case kind == dictionaryBatch:
		b.recordBatch(b.table(b.field(header, 1)))
	case kind == recordBatch:
		b.recordBatch(header)
	default:
		b.fail()
	}
	return b.err
}

// A flatbuffer is one that is not trusted. Positions are in bytes, 0 where something is absent; after an error all are.
type flatbuffer struct {
	bytes  []byte
	tables int
	err    error
}

const (
	flatbufferDepth  = 64
	flatbufferTables = 100_000
)

func (b *flatbuffer) fail() int {
	b.err = errors.New("corrupt Arrow metadata")
	return 0
}

// at returns n bytes at a position.
func (b *flatbuffer) at(position, n int) []byte {
	if b.err != nil || position < 0 || position > len(b.bytes)-n {
		b.fail()
		return make([]byte, 8)[:n]
	}
	return b.bytes[position:][:n]
}

func (b *flatbuffer) byte(position int) byte {
	if position == 0 {
		return 0
	}
	return b.at(position, 1)[0]
}

func (b *flatbuffer) uint16(position int) int {
	return int(binary.LittleEndian.Uint16(b.at(position, 2)))
}

func (b *flatbuffer) uint32(position int) int {
	return int(binary.LittleEndian.Uint32(b.at(position, 4)))
}

// follow returns where the offset at a position leads: forwards, so that there are no loops.
func (b *flatbuffer) follow(position int) int {
	offset := b.uint32(position)
	if offset == 0 || offset > len(b.bytes) {
		return b.fail()
	}
	return position + offset
}

// field returns the position of a table's i-th field.
func (b *flatbuffer) field(table, i int) int {
	if table == 0 || b.err != nil {
		return 0
	}
	entries := table - int(int32(b.uint32(table)))
	entry := 4 + 2*i
	if entry >= b.uint16(entries) { // as the reader decides it
		return 0
	}
	offset := b.uint16(entries + entry)
	if offset == 0 || b.err != nil {
		return 0
	}
	return table + offset
}

// table returns the table that the field at a position leads to.
func (b *flatbuffer) table(position int) int {
	if position == 0 {
		return 0
	}
	table := b.follow(position)
	b.field(table, 0)
	return table
}

// vector returns the first of the elements, of so many bytes each, that the field at a position leads to, and how many
// there are.
func (b *flatbuffer) vector(position, size int) (first, n int) {
	if position == 0 {
		return 0, 0
	}
	start := b.follow(position)
	n = b.uint32(start)
	if b.err != nil || n > (len(b.bytes)-start-4)/size {
		return b.fail(), 0
	}
	return start + 4, n
}

// enter counts a table, which may be shared, so that a small buffer can hold very many.
func (b *flatbuffer) enter(table, depth int) (entered bool) {
	b.tables++
	if table == 0 || depth > flatbufferDepth || b.tables > flatbufferTables {
		b.fail()
	}
	return b.err == nil
}

func (b *flatbuffer) fields(position, depth int) {
	first, n := b.vector(position, 4)
	for i := range n {
		field := b.table(first + 4*i)
		if !b.enter(field, depth) {
			return
		}
		const union = 14 // its type has a vector of its own, and no pair has one
		if b.byte(b.field(field, 2)) == union {
			b.fail()
		}
		b.vector(b.field(field, 0), 1)
		b.table(b.field(field, 3))
		b.table(b.field(field, 4))
		b.fields(b.field(field, 5), depth+1)
		b.keyValues(b.field(field, 6))
	}
}

func (b *flatbuffer) keyValues(position int) {
	first, n := b.vector(position, 4)
	for i := range n {
		pair := b.table(first + 4*i)
		if !b.enter(pair, 0) {
			return
		}
		b.vector(b.field(pair, 0), 1)
		b.vector(b.field(pair, 1), 1)
	}
}

func (b *flatbuffer) recordBatch(table int) {
	if !b.enter(table, 0) {
		return
	}
	b.vector(b.field(table, 1), 16)
	b.vector(b.field(table, 2), 16)
	b.table(b.field(table, 3))
	b.vector(b.field(table, 4), 8)
}
