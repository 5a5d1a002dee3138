package pixel

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/pairstream/pairstream/model/pixel/internal/kernel"
)

// eachLevel calls test for the generic resampler and every level that the machine has.
func eachLevel(test func(name string, s *scratch)) {
	test("generic", new(scratch))
	for _, l := range kernel.Levels {
		test(l.Name, &scratch{level: l})
	}
}

// TestLevelsEqualGeneric compares every level with the generic resampler, on what Pillow's digests do not cover.
func TestLevelsEqualGeneric(t *testing.T) {
	kinds := []struct {
		mode  Mode
		bands int
	}{
		{Grey, 1}, {GreyAlpha, 2}, {RGB, 3}, {RGB, 4}, {RGBA, 4}, {CMYK, 4},
	}
	random := rand.New(rand.NewPCG(1, 2))
	sizes := [][3]int{
		{1, 1, 1}, {1, 1, 5}, {2, 3, 224}, {1, 300, 7}, {300, 1, 7}, {16384, 3, 1}, {2, 2000, 16}, {900, 70, 3},
		{224, 224, 224}, {500, 375, 224}, {31, 33, 32}, {16, 16, 15}, {17, 15, 17},
	}
	for range 15 {
		sizes = append(sizes, [3]int{1 + random.IntN(400), 1 + random.IntN(400), 1 + random.IntN(70)})
	}
	for _, l := range kernel.Levels {
		t.Run(l.Name, func(t *testing.T) {
			want, got := new(scratch), &scratch{level: l}
			for i, size := range sizes {
				w, h, side := size[0], size[1], size[2]
				for _, kind := range kinds {
					// Bytes up to the very end of the memory, from any alignment.
					pix := randomBytes(random, i%64+w*h*kind.bands)[i%64:]
					r := raster{pix: pix, w: w, h: h, bands: kind.bands, mode: kind.mode}
					if !bytes.Equal(resizeRaster(got, r, side), resizeRaster(want, r, side)) {
						t.Errorf("%s of %d bands, %d×%d to %d differs", kind.mode, kind.bands, w, h, side)
					}
				}
			}
		})
	}
}

// randomBytes returns n bytes, half of them 0 or 255.
func randomBytes(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		v := random.Uint32()
		switch v >> 30 {
		case 0:
		case 1:
			b[i] = 255
		default:
			b[i] = byte(v)
		}
	}
	return b
}
