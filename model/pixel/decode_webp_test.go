//go:build !novips

package pixel

import (
	"bytes"
	"testing"
)

// TestWebPAsVips holds the pixels that libwebp alone gives against those that come through libvips: whole and in part, and of
// damaged pictures.
func TestWebPAsVips(t *testing.T) {
	alone := 0
	eachDamaged(t, "*.webp", 60, 6, func(file string, damage int, encoded []byte, h header) {
		need := whole(h)
		if damage%2 == 1 {
			need.Min, need.Max = need.Max.Div(5), need.Max.Mul(3).Div(4)
		}
		got, ok := decodeWebP(encoded, h, need)
		if !ok || need.Empty() {
			return
		}
		alone++
		want, err := decodeVips(encoded, h, 1, need)
		if err != nil {
			t.Errorf("%s, damage %d: through libvips %v", file, damage, err)
		} else if got.at != want.at || got.bands != want.bands || !bytes.Equal(got.pix, want.pix) {
			t.Errorf("%s, damage %d: %v differs", file, damage, need)
		}
	})
	if alone < 100 {
		t.Errorf("libwebp alone decoded %d pictures", alone)
	}
}
