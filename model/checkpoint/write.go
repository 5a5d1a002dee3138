package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// alignment is what the data's first byte is aligned to by spaces behind the header, so that readers can
// use the tensors in place.
const alignment = 64

// Write writes a safetensors file with the tensors in the order given and, where it is not empty, the
// metadata.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	head := []byte{'{'}
	add := func(name string, value any) error {
		key, err := json.Marshal(name)
		if err != nil {
			return err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if len(head) > 1 {
			head = append(head, ',')
		}
		head = append(append(append(head, key...), ':'), text...)
		return nil
	}
	if len(metadata) > 0 {
		if err := add("__metadata__", metadata); err != nil {
			return err
		}
	}
	names := make(map[string]bool, len(tensors))
	var next uint64
	for _, t := range tensors {
		if names[t.Name] || t.Name == "__metadata__" {
			return fmt.Errorf("tensor name %q is taken", t.Name)
		}
		names[t.Name] = true
		end := next + uint64(len(t.data))
		shape := t.Shape
		if shape == nil {
			shape = []int{} // a scalar is [], not null
		}
		if err := add(t.Name, entry{Dtype: t.Dtype, Shape: shape, Offsets: []uint64{next, end}}); err != nil {
			return fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		next = end
	}
	head = append(head, '}')
	for (lengthSize+len(head))%alignment != 0 {
		head = append(head, ' ')
	}
	if len(head) > maxHeader {
		return fmt.Errorf("header of %d bytes, more than %d", len(head), maxHeader)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(head)))); err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, t := range tensors {
		if _, err := w.Write(t.data); err != nil {
			return fmt.Errorf("tensor %s: %w", t.Name, err)
		}
	}
	return nil
}
