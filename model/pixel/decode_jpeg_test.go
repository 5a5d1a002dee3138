//go:build !novips

package pixel

import (
	"bytes"
	"image"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

// TestJPEGAsVips holds the pixels that libjpeg alone gives against those that come through libvips: whole and in part, at a part
// of the size, and of damaged pictures.
func TestJPEGAsVips(t *testing.T) {
	eachDamaged(t, "*.jpg", 40, 4, func(file string, damage int, encoded []byte, h header) {
		if h.Mode == CMYK {
			return
		}
		shrink := 1 << (damage % 4)
		need := image.Rect(0, 0, h.Width/shrink, h.Height/shrink)
		if damage%8 >= 4 {
			need.Min, need.Max = need.Max.Div(5), need.Max.Mul(3).Div(4)
		}
		if need.Empty() {
			return
		}
		want, vips := decodeVips(encoded, h, shrink, need)
		got, err := decodeJPEG(encoded, h, shrink, need)
		switch {
		case (vips == nil) != (err == nil):
			t.Errorf("%s, damage %d: error %v, through libvips %v", file, damage, err, vips)
		case err == nil && (got.at != want.at || got.bands != want.bands || !bytes.Equal(got.pix, want.pix)):
			t.Errorf("%s, damage %d: %v by %d differs", file, damage, need, shrink)
		}
	})
}

// eachDamaged visits pictures, so many times and every each-th time with a bit flipped more, as far as they pass inspection.
func eachDamaged(t *testing.T, pattern string, times, each int, visit func(file string, damage int, encoded []byte, h header)) {
	t.Helper()
	files, err := filepath.Glob("testdata/pictures/" + pattern)
	if err != nil || len(files) < 5 {
		t.Fatal(len(files), "pictures", err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, file := range files {
		sound := readPicture(t, filepath.Base(file))
		for damage := range times {
			encoded := bytes.Clone(sound)
			for range damage / each {
				encoded[rng.IntN(len(encoded))] ^= 1 << rng.IntN(8)
			}
			if h, err := inspect(encoded, Limits{Pixels: 2 << 20}); err == nil {
				visit(file, damage, encoded, h)
			}
		}
	}
}
