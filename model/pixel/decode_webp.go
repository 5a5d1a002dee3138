//go:build !novips

package pixel

/*
#cgo pkg-config: libwebp
#include <webp/decode.h>
*/
import "C"

import (
	"image"
	"unsafe"
)

// decodeWebP decodes with libwebp alone. libvips uses the same library and gives the same bytes, in three times the time, by
// way of a TIFF. What libwebp refuses here, as it does where there are several frames, is left to libvips.
func decodeWebP(encoded []byte, h header, need image.Rectangle) (r raster, ok bool) {
	r = raster{w: h.Width, h: h.Height, bands: 3}
	if h.Mode == RGBA {
		r.bands = 4
	}
	r.pix = make([]byte, r.w*r.h*r.bands)
	from, size := (*C.uint8_t)(unsafe.SliceData(encoded)), C.size_t(len(encoded))
	to, room, stride := (*C.uint8_t)(unsafe.SliceData(r.pix)), C.size_t(len(r.pix)), C.int(r.w*r.bands)
	if r.bands == 4 {
		ok = C.WebPDecodeRGBAInto(from, size, to, room, stride) != nil
	} else {
		ok = C.WebPDecodeRGBInto(from, size, to, room, stride) != nil
	}
	if !ok {
		return raster{}, false
	}
	return r.part(need), true
}

// part is a part of a raster that is whole.
func (r raster) part(need image.Rectangle) raster {
	if need.Dx() == r.w && need.Dy() == r.h {
		return r
	}
	p := raster{w: need.Dx(), h: need.Dy(), bands: r.bands, at: need.Min}
	p.pix = make([]byte, 0, p.w*p.h*p.bands)
	for y := need.Min.Y; y < need.Max.Y; y++ {
		p.pix = append(p.pix, r.pix[(y*r.w+need.Min.X)*r.bands:(y*r.w+need.Max.X)*r.bands]...)
	}
	return p
}
