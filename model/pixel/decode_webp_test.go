//go:build !novips

package pixel

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

// TestWebPAsVips holds the pixels that libwebp alone gives against those that come through libvips: whole and in part, and of
// damaged pictures.
func TestWebPAsVips(t *testing.T) {
	files, err := filepath.Glob("testdata/pictures/*.webp")
	if err != nil || len(files) < 5 {
		t.Fatal(len(files), "pictures", err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	alone := 0
	for _, file := range files {
		sound := readPicture(t, filepath.Base(file))
		for damage := range 60 {
			encoded := bytes.Clone(sound)
			for range damage / 6 {
				encoded[rng.IntN(len(encoded))] ^= 1 << rng.IntN(8)
			}
			h, err := inspect(encoded, Limits{Pixels: 2 << 20})
			if err != nil {
				continue
			}
			need := whole(h)
			if damage%2 == 1 {
				need.Min, need.Max = need.Max.Div(5), need.Max.Mul(3).Div(4)
			}
			got, ok := decodeWebP(encoded, h, need)
			if !ok || need.Empty() {
				continue
			}
			alone++
			want, err := decodeVips(encoded, h, 1, need)
			if err != nil {
				t.Errorf("%s, damage %d: through libvips %v", file, damage, err)
			} else if got.at != want.at || got.bands != want.bands || !bytes.Equal(got.pix, want.pix) {
				t.Errorf("%s, damage %d: %v differs", file, damage, need)
			}
		}
	}
	if alone < 100 {
		t.Errorf("libwebp alone decoded %d pictures", alone)
	}
}
