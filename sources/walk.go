package sources

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// walk returns the paths of all pictures below a folder, in order.
func walk(ctx context.Context, root *os.Root) ([]string, error) {
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

// readDir returns what a folder holds, in order, a piece at a time so that a large one can be given up.
func readDir(ctx context.Context, root *os.Root, dir string) ([]entry, error) {
	full := filepath.Join(root.Name(), dir)
	file, err := root.Open(dir)
	if err != nil {
		return nil, pathError(full, err)
	}
	defer file.Close()
	var entries []entry
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		some, err := file.ReadDir(1024)
		for _, e := range some {
			if strings.HasPrefix(e.Name(), ".") {
				continue
			}
			linked := e.Type()&fs.ModeSymlink != 0
			if e.IsDir() || isPicture(e.Name()) && (e.Type().IsRegular() || linked) {
				entries = append(entries, entry{e.Name(), e.IsDir()})
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, pathError(full, err)
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
