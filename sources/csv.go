package sources

import (
	"encoding/csv"
	"errors"
)

// A csvTable reads CSV by encoding/csv, which it feeds line by line: so a record has a limit, and one that does not
// parse costs no other.
type csvTable struct {
	lines  *lines
	width  int // 0: any
	reader *csv.Reader
	cells  []cell

	fed  []line // of the record that is being read
	size int    // of fed
	buf  []byte // the last of fed with its end
	rest []byte // of buf, for the reader
}

// maxLines bounds a record.
const maxLines = 1024

var errOpenQuote = errors.New("a quote is not closed")

func newCSV(in *lines) *csvTable {
	t := &csvTable{lines: in}
	t.reader = csv.NewReader(t)
	t.reader.FieldsPerRecord = -1
	t.reader.ReuseRecord = true
	return t
}

// next returns the next record. One that spans lines and does not parse costs its first line only: what was taken for
// the rest of it may well be records of their own.
func (t *csvTable) next() (tableRow, error) {
	first, err := t.lines.next()
	if err != nil || first.err != nil {
		return tableRow{line: first.number, err: first.err}, err
	}
	t.fed, t.size = t.fed[:0], 0
	t.feed(first)
	fields, err := t.reader.Read()
	if err != nil {
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			err = parse.Err
		} else if err != errOpenQuote {
			return tableRow{}, err
		}
		if len(t.fed) > 1 {
			err = errOpenQuote
			t.lines.giveBack(t.fed[1:]...)
		}
		return tableRow{line: first.number, err: err}, nil
	}
	t.cells = t.cells[:0]
	for _, f := range fields {
		t.cells = append(t.cells, cell{text: f})
	}
	r := tableRow{line: first.number, cells: t.cells}
	if t.width > 0 {
		r.err = checkWidth(len(fields), t.width)
	}
	return r, nil
}

// Read hands the record's lines to the csv.Reader, one at a time, so that it never reads beyond the record.
func (t *csvTable) Read(p []byte) (int, error) {
	if len(t.rest) == 0 {
		l, err := t.lines.any()
		if err != nil {
			return 0, err
		}
		l = l.clone()
		if l.err != nil || t.size+len(l.text) > maxText || len(t.fed) == maxLines {
			t.lines.giveBack(l)
			return 0, errOpenQuote
		}
		t.feed(l)
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

func (t *csvTable) feed(l line) {
	t.fed = append(t.fed, l)
	t.size += len(l.text) + 1
	t.buf = append(append(t.buf[:0], l.text...), '\n')
	t.rest = t.buf
}
