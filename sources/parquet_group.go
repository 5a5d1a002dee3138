package sources

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources/internal/parquetfile"
)

// parquetGroup reads one row group after another, a strip of rows at a time: all columns but the pictures', which are
// read one by one, and not at all where no row of the group is wanted.
type parquetGroup struct {
	bytes, path parquetfile.Column // of pictures; either may be missing
	caption     parquetfile.Column
	scalars     []parquetfile.Column
	inflate     parquetfile.Inflater // for all columns, one page at a time

	hasPaths bool

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
func (g *parquetGroup) open(f *parquetfile.File, l leaves, index int) error {
	g.strip.release()
	g.row, g.end, g.behind = f.First(index), f.First(index+1), 0
	g.strip.first = g.row
	if g.scalars == nil {
		g.scalars = make([]parquetfile.Column, len(l.scalars))
	}
	for i, leaf := range l.scalars {
		if err := g.scalars[i].Open(f, leaf, index, &g.inflate); err != nil {
			return err
		}
	}
	if err := g.caption.Open(f, l.caption, index, &g.inflate); err != nil {
		return err
	}
	if err := g.bytes.Open(f, l.bytes, index, &g.inflate); err != nil {
		return err
	}
	g.hasPaths = l.path >= 0
	if err := g.path.Open(f, l.path, index, &g.inflate); err != nil {
		return err
	}
	g.most = stripRows(f, index, slices.Concat(l.scalars, []int{l.caption}))
	return nil
}

// stripRows returns how many rows a strip of a group has: a thousand, or fewer where they are large.
func stripRows(f *parquetfile.File, group int, leaves []int) int64 {
	const most, bytes = 1024, 8 << 20
	size := int64(0)
	for _, leaf := range leaves {
		size += f.LeafSize(group, leaf)
	}
	each := size/max(f.First(group+1)-f.First(group), 1) + 1
	return min(most, max(1, bytes/each))
}

// next reads the next strip, of which rows from a first one on are wanted, as far as they meet the conditions, and of
// lists of captions all or the first.
func (g *parquetGroup) next(ctx context.Context, roles *parquetRoles, first int64, all bool) error {
	g.strip.release()
	s := &g.strip
	s.first = g.row
	rows := int(min(g.most, g.end-g.row))
	g.row += int64(rows)
	for size := 0; len(s.captions) < rows; {
		captions, err := g.caption.Texts(captionsPerRow)
		if err != nil {
			return err
		}
		captions = slices.DeleteFunc(captions, func(c string) bool {
			size += len(c)
			return strings.TrimSpace(c) == ""
		})
		if size > parquetfile.MaxStrings {
			return fmt.Errorf("column %q: %w", roles.caption, parquetfile.ErrLargeStrings)
		}
		if !all {
			captions = captions[:min(len(captions), 1)]
		}
		s.captions = append(s.captions, captions)
	}
	for i := range g.scalars {
		column, err := g.scalars[i].Array(rows, roles.scalars[i].Type, batch.Allocator(ctx))
		if err != nil {
			return err
		}
		s.scalars = append(s.scalars, column)
	}
	if err := g.checkEnd(); err != nil {
		return err
	}
	s.keep = make([]bool, rows)
	for i := range s.keep {
		s.keep[i] = s.first+int64(i) >= first
	}
	for i, c := range roles.where {
		c.narrow(s.keep, s.scalars[roles.filters[i]])
	}
	return nil
}

// checkEnd returns an error where columns have more values than the group has rows, all of which have been read.
func (g *parquetGroup) checkEnd() error {
	if g.row < g.end {
		return nil
	}
	for i := range g.scalars {
		if err := g.scalars[i].End(); err != nil {
			return err
		}
	}
	return g.caption.End()
}

// picture reads the picture of the next row, which may be the last of the group: its bytes, valid until the next call, or
// else its path; neither where it is missing.
func (g *parquetGroup) picture(last bool) (bytes []byte, path string, err error) {
	var text []byte
	for ; g.behind >= 0; g.behind-- {
		if bytes, err = g.bytes.Bytes(); err != nil {
			return nil, "", err
		}
		if text, err = g.path.Bytes(); err != nil {
			return nil, "", err
		}
	}
	g.behind = 0
	if last {
		if err := errors.Join(g.bytes.End(), g.path.End()); err != nil {
			return nil, "", err
		}
	}
	return bytes, string(text), nil
}

// free gives up the reader for good.
func (g *parquetGroup) free() {
	g.strip.release()
	g.inflate.Free()
	for i := range g.scalars {
		g.scalars[i].Free()
	}
	for _, c := range []*parquetfile.Column{&g.bytes, &g.path, &g.caption} {
		c.Free()
	}
}
