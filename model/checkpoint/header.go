package checkpoint

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf8"
)

const (
	lengthSize = 8        // the header's length stands in the first 8 bytes
	maxHeader  = 16 << 20 // a CLIP header has some 100 KB; the format's own reader stops at 100 MB
	maxRank    = 8
)

type header struct {
	tensors  []Tensor // by offset
	metadata map[string]string
}

// entry is how the header describes one tensor; offsets count from the end of the header.
type entry struct {
	Dtype   Dtype    `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets []uint64 `json:"data_offsets"`
}

// parseHeader reads the header of a whole file and cuts data into tensors, which must fill it without a gap.
func parseHeader(data []byte) (header, error) {
	var h header
	if len(data) < lengthSize {
		return h, fmt.Errorf("%d bytes are too few for a safetensors file", len(data))
	}
	length, rest := binary.LittleEndian.Uint64(data), data[lengthSize:]
	if length > maxHeader {
		return h, fmt.Errorf("header of %d bytes, more than %d: not a safetensors file?", length, maxHeader)
	}
	if length > uint64(len(rest)) {
		return h, fmt.Errorf("header of %d bytes, but only %d follow", length, len(rest))
	}
	text, body := rest[:length], rest[length:]
	if !utf8.Valid(text) {
		return h, errors.New("header is not valid UTF-8")
	}
	entries, metadata, err := decodeHeader(text)
	if err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	h.metadata = metadata
	h.tensors, err = cut(body, entries)
	return h, err
}

type namedEntry struct {
	name string
	entry
}

// decodeHeader walks the header's one JSON object key by key, since encoding/json alone would let a second
// tensor of the same name replace the first.
func decodeHeader(text []byte) (entries []namedEntry, metadata map[string]string, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if len(text) == 0 || text[0] != '{' {
		return nil, nil, errors.New("does not begin with {")
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, err
	}
	seen := make(map[string]bool)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, nil, fmt.Errorf("%v is not a name", token)
		}
		if seen[name] {
			return nil, nil, fmt.Errorf("%q appears twice", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			if err := dec.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", name, err)
			}
			continue
		}
		e := namedEntry{name: name}
		if err := dec.Decode(&e.entry); err != nil {
			return nil, nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		entries = append(entries, e)
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, err
	}
	if extra := bytes.TrimRight(text[dec.InputOffset():], " "); len(extra) > 0 {
		return nil, nil, fmt.Errorf("%d bytes after the end of its object", len(extra))
	}
	return entries, metadata, nil
}

// cut checks every entry against the body and the body against the entries.
func cut(body []byte, entries []namedEntry) ([]Tensor, error) {
	tensors := make([]Tensor, len(entries))
	for i, e := range entries {
		size, err := e.bytes()
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", e.name, err)
		}
		if len(e.Offsets) != 2 || e.Offsets[0] > e.Offsets[1] || e.Offsets[1] > uint64(len(body)) {
			return nil, fmt.Errorf("tensor %s: data_offsets %d outside the %d bytes of data", e.name, e.Offsets, len(body))
		}
		begin, end := e.Offsets[0], e.Offsets[1]
		if end-begin != size {
			return nil, fmt.Errorf("tensor %s: data_offsets %d hold %d bytes, but %s %v takes %d",
				e.name, e.Offsets, end-begin, e.Dtype, e.Shape, size)
		}
		tensors[i] = Tensor{Name: e.name, Dtype: e.Dtype, Shape: e.Shape, data: body[begin:end:end], offset: begin}
	}
	slices.SortFunc(tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(len(a.data), len(b.data)))
	})
	var next uint64
	for _, t := range tensors {
		if t.offset != next {
			return nil, fmt.Errorf("tensor %s begins at byte %d of the data, but the one before it ends at %d", t.Name, t.offset, next)
		}
		next += uint64(len(t.data))
	}
	if next != uint64(len(body)) {
		return nil, fmt.Errorf("%d bytes of data, but the tensors end at %d", len(body), next)
	}
	return tensors, nil
}

// bytes is the size that dtype and shape ask for.
func (e entry) bytes() (uint64, error) {
	size, ok := sizes[e.Dtype]
	if !ok {
		return 0, fmt.Errorf("unknown dtype %q", e.Dtype)
	}
	if e.Shape == nil || len(e.Shape) > maxRank {
		return 0, fmt.Errorf("shape %v: want 0 to %d dimensions", e.Shape, maxRank)
	}
	n := uint64(size)
	for _, d := range e.Shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", e.Shape)
		}
		var high uint64
		if high, n = bits.Mul64(n, uint64(d)); high != 0 {
			return 0, fmt.Errorf("shape %v is too large", e.Shape)
		}
	}
	return n, nil
}
