//go:build !novips

package pixel

import "testing"

// FuzzReadTIFF reads what libvips would not write.
func FuzzReadTIFF(f *testing.F) {
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x00\x01\x03\x00\x01\x00\x00\x00\x05\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := readTIFF(b); err == nil && len(r.pix) != r.w*r.h*r.bands {
			t.Errorf("%d bytes for %d×%d×%d", len(r.pix), r.w, r.h, r.bands)
		}
	})
}
