package scenes

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWriteFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	if err := WriteFolder(dir, 7, 3, 40); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(dir, "captions.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(list), "\n"), "\n")
	if len(lines) != 4 || lines[0] != "file\tcaption" {
		t.Fatalf("list: %q", lines)
	}
	for i, line := range lines[1:] {
		name, caption, _ := strings.Cut(line, "\t")
		if caption != New(7, int64(i)).Caption() {
			t.Errorf("%s: %q", name, caption)
		}
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		config, format, err := image.DecodeConfig(file)
		want := [...]string{"jpeg", "png", "jpeg"}[i]
		if err != nil || format != want || config.Width != 40 || config.Height != 40 {
			t.Errorf("%s is %s, %d×%d, %v", name, format, config.Width, config.Height, err)
		}
	}
	if err := WriteFolder(dir, 7, 1, 0); err == nil {
		t.Error("pictures of no size: no error")
	}
}
