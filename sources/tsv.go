package sources

import "strings"

// A tsvTable has a line a row and a tab between fields, always. A field in quotes as spreadsheets write them,
// "a ""red"" car", is what they mean; all other quotes are text.
type tsvTable struct {
	lines *lines
	width int
	cells []cell
}

func (t *tsvTable) next() (tableRow, error) {
	l, err := t.lines.next()
	if err != nil || l.err != nil {
		return tableRow{line: l.number, err: l.err}, err
	}
	t.cells = splitTSV(t.cells[:0], l.text)
	return tableRow{line: l.number, cells: t.cells, err: checkWidth(len(t.cells), t.width)}, nil
}

func splitTSV(cells []cell, text []byte) []cell {
	for field := range strings.SplitSeq(string(text), "\t") {
		cells = append(cells, cell{text: unquote(field)})
	}
	return cells
}

// unquote takes the quotes off a field that is quoted as a whole.
func unquote(field string) string {
	if len(field) < 2 || field[0] != '"' || field[len(field)-1] != '"' {
		return field
	}
	inner := field[1 : len(field)-1]
	if strings.Count(inner, `"`) != 2*strings.Count(inner, `""`) {
		return field
	}
	return strings.ReplaceAll(inner, `""`, `"`)
}
