package sources

import (
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pairstream/pairstream/internal/store"
)

// walk returns the paths of all pictures below a folder, in order.
func walk(ctx context.Context, root store.Root) ([]string, error) {
	var pictures []string
	var visit func(dir string) error
	visit = func(dir string) error {
		entries, err := readDir(ctx, root, dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			name := path.Join(dir, e.name)
			if !e.dir {
				pictures = append(pictures, name)
			} else if err := visit(name); err != nil {
				return err
			}
		}
		return nil
	}
	err := visit(".")
	return pictures, err
}

// An entry is a picture or a folder in a folder.
type entry struct {
	name string
	dir  bool
}

// readDir returns what a folder holds, in order.
func readDir(ctx context.Context, root store.Root, dir string) ([]entry, error) {
	all, err := root.ReadDir(ctx, dir)
	if err != nil && ctx.Err() == nil {
		err = pathError(store.Join(root.Name(), dir), err)
	}
	if err != nil {
		return nil, err
	}
	var entries []entry
	for _, e := range all {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		linked := e.Type()&fs.ModeSymlink != 0
		if e.IsDir() || isPicture(e.Name()) && (e.Type().IsRegular() || linked) {
			entries = append(entries, entry{e.Name(), e.IsDir()})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return natural(a.name, b.name) })
	return entries, nil
}

// isPicture reports whether a name has the extension of a picture.
func isPicture(name string) bool {
	extension := path.Ext(name)
	return extension != "" && slices.Contains(pictureTypes, strings.ToLower(extension[1:]))
}
