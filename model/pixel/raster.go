package pixel

import "image"

// raster is a decoded picture, or a part of it: rows of w pixels of bands bytes, without padding. Where the mode has alpha and
// bands is 2 or 4, alpha is the last band; elsewhere a further band is to be ignored.
type raster struct {
	pix         []byte
	w, h, bands int
	palette     []byte // pix are indices into it where not nil: red, green, blue of each colour
	mode        Mode
	at          image.Point // where the part begins in the picture
}

// colours returns how many bands are colour.
func (r raster) colours() int {
	switch {
	case r.mode == CMYK:
		return 4
	case r.bands < 3:
		return 1
	}
	return 3
}

// alpha reports whether the last band is alpha.
func (r raster) alpha() bool {
	return (r.mode == RGBA || r.mode == GreyAlpha) && r.bands%2 == 0
}

// decode decodes an inspected picture, all of it or at least what is in need. A shrink of 2, 4 or 8 decodes a JPEG at
// that part of its size, of which need is then a part.
func decode(encoded []byte, h header, shrink int, need image.Rectangle) (raster, error) {
	var r raster
	var err error
	if h.repaired != nil {
		encoded = h.repaired
	}
	if h.Format == GIF {
		r, err = decodeGIF(encoded, h)
	} else {
		r, err = decodePixels(encoded, h, shrink, need)
	}
	r.mode = h.Mode
	return r, err
}
