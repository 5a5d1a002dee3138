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
	t.cells, err = decodeCells(t.cells[:0], l.text, t.keys)
	return tableRow{line: l.number, cells: t.cells, err: err}, nil
}

// decodeCells appends the values that a JSON object has for keys.
func decodeCells(cells []cell, object []byte, keys []string) ([]cell, error) {
	values, err := decodeObject(object)
	if err != nil {
		return cells, err
	}
	for _, key := range keys {
		c, err := cellOf(values[key])
		if err != nil {
			return cells, fmt.Errorf("key %q: %w", key, err)
		}
		cells = append(cells, c)
	}
	return cells, nil
}

func decodeObject(object []byte) (map[string]json.RawMessage, error) {
	var values map[string]json.RawMessage
	err := json.Unmarshal(object, &values)
	if err == nil && values == nil {
		err = errors.New("null")
	}
	if err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	return values, nil
}

// cellOf returns a JSON value as a cell; none is null.
func cellOf(value json.RawMessage) (c cell, err error) {
	switch {
	case len(value) == 0 || value[0] == 'n':
		c.null = true
	case value[0] == '"':
		err = json.Unmarshal(value, &c.text)
	default:
		var text bytes.Buffer
		err = json.Compact(&text, value)
		c.text, c.json = text.String(), true
	}
	return c, err
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
