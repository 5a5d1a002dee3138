package pixel

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"testing"
)

// photo returns a JPEG of w×h pixels with the detail of a photograph: waves of falling strength, and grain.
func photo(tb testing.TB, w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	grain := uint32(1)
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(h), float64(y)/float64(h)
			wave := 0.5*math.Sin(5*u+3*v) + 0.3*math.Sin(17*u-11*v) + 0.2*math.Sin(61*u+83*v)
			grain = grain*1664525 + 1013904223
			level := 128 + 90*wave + float64(grain>>28)
			img.SetRGBA(x, y, color.RGBA{uint8(level), uint8(level * v), uint8(255 - level*u/2), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func BenchmarkApply(b *testing.B) {
	for _, size := range [][2]int{{500, 375}, {2000, 1500}} {
		encoded := photo(b, size[0], size[1])
		for _, t := range []Transform{{}, {Fast: true}} {
			b.Run(fmt.Sprintf("%dx%d/fast=%t", size[0], size[1], t.Fast), func(b *testing.B) {
				dst := make([]float32, 3*224*224)
				b.ReportAllocs()
				for b.Loop() {
					if err := t.Apply(dst, encoded); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkInspect(b *testing.B) {
	encoded := photo(b, 2000, 1500)
	b.SetBytes(int64(len(encoded)))
	for b.Loop() {
		if _, err := Inspect(encoded); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, size := range [][2]int{{500, 375}, {2000, 1500}} {
		encoded := photo(b, size[0], size[1])
		h, err := inspect(encoded, Limits{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			for b.Loop() {
				if _, err := decode(encoded, h, 1, whole(h)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkResize(b *testing.B) {
	for _, size := range [][2]int{{500, 375}, {2000, 1500}, {4000, 3000}} {
		w, h := size[0], size[1]
		r := raster{pix: noise(w, h), w: w, h: h, bands: 3, mode: RGB}
		eachLevel(func(name string, s *scratch) {
			b.Run(fmt.Sprintf("%dx%d/%s", w, h, name), func(b *testing.B) {
				for b.Loop() {
					resizeRaster(s, r, 224)
				}
			})
		})
	}
}
