package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

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
	root, err := os.OpenRoot(f.Path)
	if err != nil {
		return pathError(f.Path, err)
	}
	if err := f.open(ctx, root); err != nil {
		root.Close()
		return err
	}
	return nil
}

func (f *Folder) open(ctx context.Context, root *os.Root) error {
	list, err := findList(root)
	if err != nil {
		return err
	}
	if list != "" {
		file, err := root.OpenFile(list, readOnly, 0)
		if err != nil {
			return pathError(filepath.Join(f.Path, list), err)
		}
		rows, err := (&List{Limits: f.Limits}).openRows(ctx, filepath.Join(f.Path, list), file, root, &f.gauge)
		if err != nil {
			return err
		}
		f.collector, f.close = collect(f.Limits, rows.further.names, rows.next), rows.close
		return nil
	}
	pictures, err := walk(ctx, root)
	if err != nil {
		return err
	}
	if len(pictures) == 0 {
		return fmt.Errorf("%s: no pictures (.%s) and no captions.tsv, .csv or .jsonl in it", f.Path, strings.Join(pictureTypes, ", ."))
	}
	f.gauge.reset(int64(len(pictures)))
	rows := &folderRows{lane: f.Path, pictures: pictures, files: files{root: root}, limit: f.Limits.orDefault().Picture, gauge: &f.gauge}
	f.collector, f.close = collect(f.Limits, nil, rows.next), root.Close
	return nil
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
func findList(root *os.Root) (string, error) {
	found := ""
	for _, name := range captionLists {
		if _, err := root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return "", pathError(filepath.Join(root.Name(), name), err)
		}
		if found != "" {
			return "", fmt.Errorf("%s: it has %s and %s: read one as list:%s", root.Name(), found, name, filepath.Join(root.Name(), found))
		}
		found = name
	}
	return found, nil
}

// folderRows gives the pictures of a folder with the captions beside them.
type folderRows struct {
	lane     string
	pictures []string
	files    files
	limit    int64
	gauge    *gauge
	i        int
}

func (f *folderRows) next(context.Context) (pairRow, error) {
	if f.i == len(f.pictures) {
		return pairRow{}, io.EOF
	}
	picture := f.pictures[f.i]
	r := pairRow{lane: f.lane, offset: int64(f.i), id: picture}
	f.i++
	f.gauge.read.Add(1)
	if r.err = checkName(picture); r.err != nil {
		return r, nil
	}
	text, err := f.files.read(strings.TrimSuffix(picture, path.Ext(picture))+".txt", maxText)
	if err == nil {
		r.caption, err = captionOf(text)
	}
	if err == nil {
		r.image, err = f.files.read(picture, f.limit)
	}
	r.err = err
	return r, nil
}
