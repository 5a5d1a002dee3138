package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// A List is a CSV, TSV or JSONL list of pictures and captions, read line by line, never as a whole. Which it is its
// first line tells: a JSON object, a header with a tab in it, or another header. What a pair needs is a path of a
// picture file and a caption; a row that lacks one is bad, and so is a line that does not parse, is not UTF-8, has
// another number of fields than the header or more than 1 MiB.
//
// In TSV a line is a row and a tab always separates; in CSV quoted fields may have line breaks.
type List struct {
	Path string // "-" is standard input

	// Dir is the folder that the pictures' paths are relative to. They may not leave it, by symbolic links neither.
	// Where it is empty it is the list's own; for standard input the working directory.
	Dir string

	// Names of columns. Empty ones are guessed, in any case: file, filepath, file_path, path, image, image_path,
	// filename or file_name; caption, title, text or txt; id, key or uid. Without an id it is the picture's path.
	ImageColumn, CaptionColumn, IDColumn string

	Limits Limits

	collector *collector
	rows      *listRows
	gauge     gauge
}

// Open opens the list and reads its first line.
func (l *List) Open(ctx context.Context) error {
	var err error
	if l.rows, err = l.open(ctx); err != nil {
		return err
	}
	l.collector = collect(l.Limits, l.rows.further.names, l.rows.next)
	return nil
}

// Index reads the whole list, and the pictures later. Its lines are then in memory, the pictures not.
func (l *List) Index(ctx context.Context) (Index, error) {
	if l.Path == "-" {
		return nil, errors.ErrUnsupported
	}
	rows, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	return rows.index(ctx, l.Limits)
}

func (l *List) open(ctx context.Context) (*listRows, error) {
	name, dir := "standard input", cmp.Or(l.Dir, ".")
	var from store.Store = store.Disk{}
	var file store.File = os.Stdin
	if l.Path != "-" {
		var err error
		if from, name, err = store.Open(ctx, l.Path); err != nil {
			return nil, err
		}
		if file, err = from.Open(ctx, name); err != nil {
			from.Close()
			return nil, pathError(name, err)
		}
		dir = cmp.Or(l.Dir, store.Dir(l.Path))
	}
	root, err := openRoot(ctx, dir)
	if err != nil {
		closeList(file)
		from.Close()
		return nil, err
	}
	rows, err := l.openRows(ctx, name, file, root, &l.gauge)
	if err != nil {
		root.Close()
		from.Close()
		return nil, err
	}
	rows.from = from
	return rows, nil
}

// Read returns the next pairs.
func (l *List) Read(ctx context.Context) (batch.Pairs, error) { return l.collector.read(ctx) }

// Close closes the list. Standard input stays open; where it is one that nothing can interrupt, as a terminal mostly
// is, a goroutine goes on waiting for its next line.
func (l *List) Close() error {
	if l.rows == nil {
		return nil
	}
	return l.rows.close()
}

// Progress returns the share of the list's bytes that has been read: 0 for one that is not a regular file.
func (l *List) Progress() float64 { return l.gauge.Progress() }

// openRows takes over a list, and the folder of its pictures where it returns no error.
func (l *List) openRows(ctx context.Context, name string, file store.File, root store.Root, g *gauge) (*listRows, error) {
	in, err := openInput(file, g)
	if err != nil {
		closeList(file)
		return nil, pathError(name, err)
	}
	in.ctx = ctx
	rows := &listRows{name: name, in: in, from: store.Disk{}, root: root, limit: l.Limits.orDefault().Picture}
	rows.ahead = newAhead(ctx, root, rows.begin)
	rows.ahead.alone = in.chunks != nil // a line that is there does not wait for the next
	if err := rows.open(l); err != nil {
		rows.ahead.close()
		in.close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rows, nil
}

// listRows gives the rows of a list.
type listRows struct {
	name               string
	from               store.Store // that in is of
	in                 *input
	table              table
	image, caption, id int // columns; id may be -1
	further            further
	root               store.Root // of the pictures
	ahead              *ahead
	limit              int64
}

func (l *listRows) open(list *List) error {
	var columns []string
	var err error
	if l.table, columns, err = openTable(newLines(l.in)); err != nil {
		return err
	}
	if l.image, err = find(columns, list.ImageColumn, imageNames, "ImageColumn", "image"); err != nil {
		return err
	}
	if l.caption, err = find(columns, list.CaptionColumn, captionNames, "CaptionColumn", "caption"); err != nil {
		return err
	}
	l.id = guess(columns, idNames)
	if list.IDColumn != "" {
		if l.id, err = find(columns, list.IDColumn, nil, "IDColumn", "id"); err != nil {
			return err
		}
	}
	l.further, err = furtherOf(columns, l.image, l.caption, l.id)
	return err
}

func (l *listRows) next(ctx context.Context) (pairRow, error) { return l.ahead.row(ctx) }

// begin reads a line, whose picture is to be read.
func (l *listRows) begin(ctx context.Context) (task, error) {
	l.in.ctx = ctx
	from, err := l.table.next()
	if err == io.EOF {
		return task{}, io.EOF
	}
	if err != nil {
		return task{}, fmt.Errorf("%s: %w", l.name, err)
	}
	r := pairRow{lane: l.name, offset: from.line, err: from.err}
	if r.err == nil {
		r.err = l.fill(&r, from.cells)
	}
	if r.err != nil {
		return task{row: r}, nil
	}
	return l.task(r, from.cells[l.image].text), nil
}

// task is to read the picture of a row.
func (l *listRows) task(r pairRow, path string) task {
	return task{r, func(from *files, r *pairRow) { r.image, r.err = from.read(path, l.limit) }}
}

// fill makes a row of a line's cells, as far as it can, but for the picture.
func (l *listRows) fill(r *pairRow, cells []cell) error {
	image, caption := cells[l.image], cells[l.caption]
	r.id = image.text
	if l.id >= 0 {
		r.id = cells[l.id].text
	}
	switch {
	case image.json:
		return fmt.Errorf("the picture's path is %s, not a string", short(image.text))
	case image.text == "":
		return errors.New("it has no picture")
	case r.id == "":
		return errors.New("it has no id")
	case caption.json:
		return fmt.Errorf("the caption is %s, not a string", short(caption.text))
	case strings.TrimSpace(caption.text) == "":
		return errNoCaption
	}
	r.caption, r.further = caption.text, l.further.cells(cells)
	return nil
}

// index reads the list to its end, and takes over its files.
func (l *listRows) index(ctx context.Context, limits Limits) (Index, error) {
	var rows []pairRow
	var paths []string
	l.in.ctx = ctx
	for {
		from, err := l.table.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", l.name, err), l.close())
		}
		r, path := pairRow{lane: l.name, offset: from.line, err: from.err}, ""
		if r.err == nil {
			r.err, path = l.fill(&r, from.cells), from.cells[l.image].text
		}
		rows, paths = append(rows, r), append(paths, path)
	}
	row := func(i int64) (task, error) {
		if rows[i].err != nil {
			return task{row: rows[i]}, nil
		}
		return l.task(rows[i], paths[i]), nil
	}
	return newIndex(int64(len(rows)), limits, l.further.names, l.root, row, l.close), nil
}

func (l *listRows) close() error {
	l.ahead.close()
	err := l.in.close()
	return errors.Join(err, l.root.Close(), l.from.Close())
}
