package scenes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// WriteFolder draws the first count scenes of a seed into a folder, made where it is missing: scene-000000.jpg,
// scene-000001.png and so on, JPEG and PNG in turn, of size by size pixels. Last comes captions.tsv, with the columns
// file and caption. Files of these names are overwritten.
func WriteFolder(dir string, seed uint64, count, size int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var list strings.Builder
	list.WriteString("file\tcaption\n")
	for i := range count {
		scene := New(seed, int64(i))
		name, encode := "scene-%06d.jpg", func() ([]byte, error) { return scene.JPEG(size, 90) }
		if i%2 == 1 {
			name, encode = "scene-%06d.png", func() ([]byte, error) { return scene.PNG(size) }
		}
		name = fmt.Sprintf(name, i)
		picture, err := encode()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), picture, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(&list, "%s\t%s\n", name, scene.Caption())
	}
	return os.WriteFile(filepath.Join(dir, "captions.tsv"), []byte(list.String()), 0o644)
}
