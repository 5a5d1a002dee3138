package sources

import (
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// A Folder is a folder of pictures (.jpg, .jpeg, .png, .webp, .gif), with those in folders below it. The caption of
// cat.jpg is what cat.txt beside it says; a picture without one is a bad row. Order is by name, img2 before img10; the
// id is the path within the folder. Names that begin with a dot are left out.
//
// Where the folder itself holds a captions.tsv, captions.csv or captions.jsonl, that list is what is read, as [List]
// reads it, and pictures it does not name are not.
//
// Symbolic links are followed to files within the folder only.
type Folder struct {
	Path   string
	Limits Limits

	collector *collector
	close     func() error
	gauge     gauge
}

// captionLists are the names of lists that describe the folder they are in.
var captionLists = []string{"captions.tsv", "captions.csv", "captions.jsonl"}

// Open looks for a captions list, else lists the pictures.
func (f *Folder) Open(ctx context.Context) error {
	list, pictures, err := f.find(ctx)
	if err != nil {
		return err
	}
	if list != nil {
		f.collector, f.close = collect(f.Limits, list.further.names, list.next), list.close
		return nil
	}
	f.gauge.reset(int64(len(pictures.pictures)))
	f.collector, f.close = collect(f.Limits, nil, pictures.next), pictures.close
	return nil
}

// Index lists all pictures, or reads the list.
func (f *Folder) Index(ctx context.Context) (Index, error) {
	list, pictures, err := f.find(ctx)
	if err != nil {
		return nil, err
	}
	if list != nil {
		return list.index(ctx, f.Limits)
	}
	row := func(i int64) (task, error) { return pictures.task(int(i)), nil }
	return newIndex(int64(len(pictures.pictures)), f.Limits, nil, pictures.root, row, pictures.close), nil
}

// find opens the captions list that the folder has, or else finds its pictures.
func (f *Folder) find(ctx context.Context) (list *listRows, pictures *folderRows, err error) {
	root, err := openRoot(ctx, f.Path)
	if err != nil {
		return nil, nil, err
	}
	if list, pictures, err = f.findIn(ctx, root); err != nil {
		root.Close()
	}
	return list, pictures, err
}

func (f *Folder) findIn(ctx context.Context, root store.Root) (*listRows, *folderRows, error) {
	list, err := findList(ctx, root)
	if err != nil {
		return nil, nil, err
	}
	if list != "" {
		path := store.Join(root.Name(), list)
		file, err := root.Open(ctx, list)
		if err != nil {
			return nil, nil, pathError(path, err)
		}
		rows, err := (&List{Limits: f.Limits}).openRows(ctx, path, file, root, &f.gauge)
		return rows, nil, err
	}
	pictures, err := walk(ctx, root)
	if err != nil {
		return nil, nil, err
	}
	if len(pictures) == 0 {
		return nil, nil, fmt.Errorf("%s: no pictures (.%s) and no captions.tsv, .csv or .jsonl in it", f.Path, strings.Join(pictureTypes, ", ."))
	}
	rows := &folderRows{root: root, pictures: pictures, limit: f.Limits.orDefault().Picture, gauge: &f.gauge}
	rows.ahead = newAhead(ctx, root, rows.begin)
	return nil, rows, nil
}

// Read returns the next pairs.
func (f *Folder) Read(ctx context.Context) (batch.Pairs, error) { return f.collector.read(ctx) }

// Close closes the folder.
func (f *Folder) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

// Progress returns the share of the pictures, or of the list, that has been read.
func (f *Folder) Progress() float64 { return f.gauge.Progress() }

// findList returns the name of the folder's captions list, if any.
func findList(ctx context.Context, root store.Root) (string, error) {
	found := ""
	for _, name := range captionLists {
		there, err := root.Exists(ctx, name)
		if err != nil {
			return "", pathError(store.Join(root.Name(), name), err)
		}
		if !there {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("%s: it has %s and %s: read one as list:%s", root.Name(), found, name, store.Join(root.Name(), found))
		}
		found = name
	}
	return found, nil
}

// folderRows gives the pictures of a folder with the captions beside them.
type folderRows struct {
	root     store.Root
	pictures []string
	limit    int64
	ahead    *ahead
	gauge    *gauge
	i        int // of the picture that is to be begun
}

func (f *folderRows) next(ctx context.Context) (pairRow, error) {
	r, err := f.ahead.row(ctx)
	if err == nil {
		f.gauge.read.Add(1)
	}
	return r, err
}

func (f *folderRows) begin(context.Context) (task, error) {
	if f.i == len(f.pictures) {
		return task{}, io.EOF
	}
	f.i++
	return f.task(f.i - 1), nil
}

// task is to read the i-th picture and its caption.
func (f *folderRows) task(i int) task {
	picture := f.pictures[i]
	r := pairRow{lane: f.root.Name(), offset: int64(i), id: picture}
	if r.err = checkName(picture); r.err != nil {
		return task{row: r}
	}
	return task{r, func(from *files, r *pairRow) {
		text, err := from.read(strings.TrimSuffix(picture, path.Ext(picture))+".txt", maxText)
		if err == nil {
			r.caption, err = captionOf(text)
		}
		if err == nil {
			r.image, err = from.read(picture, f.limit)
		}
		r.err = err
	}}
}

func (f *folderRows) close() error {
	f.ahead.close()
	return f.root.Close()
}
