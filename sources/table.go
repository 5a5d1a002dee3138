package sources

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A table is a list as records of cells.
type table interface {
	// next returns the next row, and io.EOF after the last. Its cells are valid until the next call.
	next() (tableRow, error)
}

// A tableRow is a line of a list, or a few where a CSV field has line breaks in it.
type tableRow struct {
	line  int64 // its first
	cells []cell
	err   error // why there are no cells
}

// openTable recognises a list by its first line: JSONL by a brace, TSV by a tab, else CSV. It returns the names of the
// columns too.
func openTable(in *lines) (table, []string, error) {
	first, err := in.next()
	if err == io.EOF {
		return nil, nil, errors.New("the list is empty")
	}
	if err != nil {
		return nil, nil, err
	}
	if first.err != nil {
		return nil, nil, fmt.Errorf("line %d: %w", first.number, first.err)
	}
	switch {
	case bytes.HasPrefix(bytes.TrimSpace(first.text), []byte("{")):
		keys, err := objectKeys(first.text)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", first.number, err)
		}
		in.giveBack(first.clone())
		return &jsonTable{lines: in, keys: keys}, keys, nil
	case bytes.ContainsRune(first.text, '\t'):
		header := splitTSV(nil, first.text)
		return &tsvTable{lines: in, width: len(header)}, namesOf(header), nil
	default:
		in.giveBack(first.clone())
		t := newCSV(in)
		header, err := t.next()
		if err != nil {
			return nil, nil, err
		}
		if header.err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", header.line, header.err)
		}
		t.width = len(header.cells)
		return t, namesOf(header.cells), nil
	}
}

// namesOf returns the names that a header has.
func namesOf(cells []cell) []string {
	all := make([]string, len(cells))
	for i, c := range cells {
		all[i] = strings.TrimSpace(c.text)
	}
	return all
}

// checkWidth says that a row has another number of fields than the header.
func checkWidth(have, want int) error {
	if have != want {
		return fmt.Errorf("%d fields, not %d", have, want)
	}
	return nil
}
