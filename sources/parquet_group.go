package sources

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// parquetGroup reads one row group after another, a strip of rows at a time: all columns but the pictures', which are
// read one by one, and not at all where no row of the group is wanted.
type parquetGroup struct {
	bytes, path parquetColumn // of pictures; either may be missing
	caption     parquetColumn
	scalars     []parquetColumn
	inflate     inflater // for all columns, one page at a time

	file     *parquetFile // nil between two groups
	index    int
	row, end int64 // rows of the file that are in no strip yet
	most     int64 // rows of a strip
	behind   int64 // pictures before the next row's that have not been read
	strip    strip
}

// A strip is some rows of a group without their pictures.
type strip struct {
	first    int64 // its row in the file
	captions [][]string
	scalars  []arrow.Array
	keep     []bool // the rows that are wanted
}

func (s *strip) release() {
	for _, a := range s.scalars {
		a.Release()
	}
	*s = strip{}
}

// open goes on to a row group.
func (g *parquetGroup) open(f *parquetFile, l leaves, index int) error {
	g.close()
	g.strip.first = f.first[index]
	if g.scalars == nil {
		g.scalars = make([]parquetColumn, len(l.scalars))
	}
	for i, leaf := range l.scalars {
		if err := g.scalars[i].open(f, leaf, index, &g.inflate); err != nil {
			return err
		}
	}
	if err := g.caption.open(f, l.caption, index, &g.inflate); err != nil {
		return err
	}
	if err := g.bytes.open(f, l.bytes, index, &g.inflate); err != nil {
		return err
	}
	if err := g.path.open(f, l.path, index, &g.inflate); err != nil {
		return err
	}
	g.file, g.index, g.row, g.end, g.behind = f, index, f.first[index], f.first[index+1], 0
	g.most = stripRows(f, index, append(l.scalars, l.caption))
	return nil
}

// stripRows returns how many rows a strip of a group has: a thousand, or fewer where they are large.
func stripRows(f *parquetFile, group int, leaves []int) int64 {
	const most, bytes = 1024, 8 << 20
	size := int64(0)
	for _, leaf := range leaves {
		if chunk, err := f.meta.RowGroup(group).ColumnChunk(leaf); err == nil {
			size += min(max(chunk.TotalUncompressedSize(), 0), 1<<40)
		}
	}
	each := size/max(f.first[group+1]-f.first[group], 1) + 1
	return min(most, max(1, bytes/each))
}

func (g *parquetGroup) close() {
	g.strip.release()
	g.file = nil
}

// next reads the next strip, of which rows from a first one on are wanted, as far as they meet the conditions, and of
// lists of captions all or the first.
func (g *parquetGroup) next(ctx context.Context, roles *parquetRoles, first int64, all bool) error {
	g.strip.release()
	s := &g.strip
	rows := int(min(g.most, g.end-g.row))
	s.first = g.row
	for range rows {
		captions, err := g.caption.texts()
		if err != nil {
			return g.caption.error(err)
		}
		captions = slices.DeleteFunc(captions, func(c string) bool { return strings.TrimSpace(c) == "" })
		if !all {
			captions = captions[:min(len(captions), 1)]
		}
		s.captions = append(s.captions, captions)
	}
	for i := range g.scalars {
		column, err := g.scalars[i].array(rows, roles.scalars[i].Type, batch.Allocator(ctx))
		if err != nil {
			return g.scalars[i].error(err)
		}
		s.scalars = append(s.scalars, column)
	}
	s.keep = make([]bool, rows)
	for i := range s.keep {
		s.keep[i] = s.first+int64(i) >= first
	}
	for i, c := range roles.where {
		c.narrow(s.keep, s.scalars[roles.filters[i]])
	}
	g.row += int64(rows)
	return nil
}

// picture reads the picture of the next row: its bytes, valid until the next call, or else its path; neither where it is
// missing.
func (g *parquetGroup) picture() (bytes []byte, path string, err error) {
	for ; g.behind >= 0; g.behind-- {
		if g.bytes.reader != nil {
			if bytes, err = g.bytes.bytes(); err != nil {
				return nil, "", g.bytes.error(err)
			}
		}
		if g.path.reader != nil {
			text, err := g.path.bytes()
			if err != nil {
				return nil, "", g.path.error(err)
			}
			path = string(text)
		}
	}
	g.behind = 0
	return bytes, path, nil
}

// finish checks that no column has more values than the group has rows.
func (g *parquetGroup) finish() error {
	for c := range g.columns() {
		if c.reader == nil || g.behind > 0 && (c == &g.bytes || c == &g.path) {
			continue
		}
		if err := c.end(); err != nil {
			return c.error(err)
		}
	}
	return nil
}

func (g *parquetGroup) columns() iter.Seq[*parquetColumn] {
	return func(yield func(*parquetColumn) bool) {
		more := yield(&g.bytes) && yield(&g.path) && yield(&g.caption)
		for i := 0; more && i < len(g.scalars); i++ {
			more = yield(&g.scalars[i])
		}
	}
}

// free gives up the reader for good.
func (g *parquetGroup) free() {
	g.close()
	g.inflate.compressed.free()
}
