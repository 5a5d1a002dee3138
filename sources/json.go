package sources

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// A jsonTable has a JSON object a line. Its columns are the keys of the first.
type jsonTable struct {
	lines *lines
	keys  []string
	cells []cell
}

func (t *jsonTable) next() (tableRow, error) {
	l, err := t.lines.next()
	if err != nil || l.err != nil {
		return tableRow{line: l.number, err: l.err}, err
	}
	object, err := decodeObject(l.text)
	t.cells = object.cells(t.cells[:0], t.keys)
	return tableRow{line: l.number, cells: t.cells, err: err}, nil
}

// A jsonObject has values by their keys.
type jsonObject map[string]json.RawMessage

func decodeObject(text []byte) (jsonObject, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return nil, errors.New("not a JSON object")
	}
	var object jsonObject
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	return object, nil
}

// cells appends the values of keys.
func (o jsonObject) cells(cells []cell, keys []string) []cell {
	for _, key := range keys {
		cells = append(cells, cellOf(o[key]))
	}
	return cells
}

// cellOf returns a JSON value, which is well formed, as a cell; none is null.
func cellOf(value json.RawMessage) (c cell) {
	switch {
	case len(value) == 0 || value[0] == 'n':
		c.null = true
	case value[0] == '"':
		_ = json.Unmarshal(value, &c.text)
	default:
		var text bytes.Buffer
		_ = json.Compact(&text, value)
		c.text, c.json = text.String(), true
	}
	return c
}

// objectKeys returns the keys of a JSON object in their order, each once.
func objectKeys(object []byte) ([]string, error) {
	if _, err := decodeObject(object); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil { // the brace
		return nil, err
	}
	var keys []string
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if key := token.(string); !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys, nil
}
