package pixel

import (
	"os"
	"path/filepath"
	"testing"
)

// small keeps a fuzzer's pictures cheap.
var small = Limits{Bytes: 1 << 20, Side: 2000, Pixels: 1 << 18}

func seedPictures(f *testing.F) {
	files, err := filepath.Glob("testdata/pictures/*")
	if err != nil || len(files) == 0 {
		f.Fatalf("no pictures: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 2<<10 {
			f.Add(b)
		}
	}
}

// FuzzInspect checks that the checks, which see every byte first, hold what they promise.
func FuzzInspect(f *testing.F) {
	seedPictures(f)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		h, err := inspect(encoded, small)
		if err != nil {
			return
		}
		if h.Width < 1 || h.Height < 1 || h.Width > small.Side || h.Height > small.Side ||
			h.Width*h.Height*max(h.depth, 3) > small.Pixels*3 {
			t.Errorf("%+v is beyond the limits", h.Info)
		}
		if h.Mode == "" || h.depth < 1 {
			t.Errorf("%+v is half filled in", h)
		}
	})
}

// FuzzApply goes through the decoder: whatever passes the checks ends as pixels or as an error.
func FuzzApply(f *testing.F) {
	seedPictures(f)
	dst := make([]byte, 16*16*3)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		_ = Transform{Size: 16, Limits: small}.Crop(dst, encoded)
	})
}
