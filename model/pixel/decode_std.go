//go:build novips

package pixel

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

const (
	decoderKind = "std"
	canShrink   = false
)

// decodePixels decodes with the standard library and x/image/webp: no C, but not byte-exact for JPEG and lossy
// WebP, whose chroma and rounding differ from libjpeg's and libwebp's. Of an animated WebP it reads nothing.
func decodePixels(encoded []byte, h header, _ int, _ image.Rectangle) (raster, error) {
	var read func(io.Reader) (image.Image, error)
	switch h.Format {
	case JPEG:
		read = jpeg.Decode
	case PNG:
		read = png.Decode
	case WebP:
		read = webp.Decode
	}
	img, err := read(bytes.NewReader(encoded))
	if err != nil {
		return raster{}, fmt.Errorf("%s: %w: %w", h.Format, ErrDecode, err)
	}
	if size := img.Bounds().Size(); size.X != h.Width || size.Y != h.Height {
		return raster{}, fmt.Errorf("%s: %w: %d×%d pixels, header says %d×%d", h.Format, ErrDecode, size.X, size.Y, h.Width, h.Height)
	}
	return toRaster(img), nil
}

// toRaster takes the samples of img as they are stored, not as color.Color shows them, which is premultiplied.
func toRaster(img image.Image) raster {
	size := img.Bounds().Size()
	r := raster{w: size.X, h: size.Y, bands: 4}
	switch img := img.(type) {
	case *image.Gray:
		r.pix, r.bands = rows(img.Pix, img.Stride, r.w, r.h), 1
	case *image.Gray16:
		r.pix, r.bands = highBytes(rows(img.Pix, img.Stride, 2*r.w, r.h)), 1
	case *image.Paletted:
		r.pix, r.bands = rows(img.Pix, img.Stride, r.w, r.h), 1
		for _, c := range img.Palette {
			straight := color.NRGBAModel.Convert(c).(color.NRGBA)
			r.palette = append(r.palette, straight.R, straight.G, straight.B)
		}
	case *image.CMYK:
		r.pix = rows(img.Pix, img.Stride, 4*r.w, r.h)
	case *image.NRGBA:
		r.pix = rows(img.Pix, img.Stride, 4*r.w, r.h)
	case *image.NRGBA64:
		r.pix = highBytes(rows(img.Pix, img.Stride, 8*r.w, r.h))
	case *image.RGBA64: // PNG without alpha
		r.pix = highBytes(rows(img.Pix, img.Stride, 8*r.w, r.h))
	case *image.NYCbCrA:
		r.pix = drawn(&img.YCbCr)
		for y := range r.h {
			for x := range r.w {
				r.pix[4*(y*r.w+x)+3] = img.A[img.AOffset(x, y)]
			}
		}
	default: // opaque
		r.pix = drawn(img)
	}
	return r
}

// rows returns h rows of n bytes without the padding between them.
func rows(pix []byte, stride, n, h int) []byte {
	if stride == n {
		return pix[:n*h]
	}
	packed := make([]byte, 0, n*h)
	for y := range h {
		packed = append(packed, pix[y*stride:][:n]...)
	}
	return packed
}

// highBytes returns the upper bytes of big-endian 16-bit samples.
func highBytes(pix []byte) []byte {
	high := make([]byte, len(pix)/2)
	for i := range high {
		high[i] = pix[2*i]
	}
	return high
}

// drawn returns the pixels of an opaque picture, red, green, blue, 255.
func drawn(img image.Image) []byte {
	canvas := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(canvas, canvas.Rect, img, img.Bounds().Min, draw.Src)
	return canvas.Pix
}
