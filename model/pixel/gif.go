package pixel

import (
	"bytes"
	"compress/lzw"
	"errors"
	"fmt"
	"io"
)

// decodeGIF decodes the first frame onto its screen: one byte a pixel. GIF is lossless, so Go's LZW serves either
// build, and unlike libvips it keeps the colour of transparent pixels, which the reference shows.
func decodeGIF(b []byte, h header) (raster, error) {
	f := h.frame
	r := raster{pix: make([]byte, h.Width*h.Height), w: h.Width, h: h.Height, bands: 1, palette: f.palette}
	if f.transparent != 0 {
		for i := range r.pix {
			r.pix[i] = f.transparent
		}
	}
	codes := lzw.NewReader(bytes.NewReader(gifCodes(b, f.data)), lzw.LSB, f.codeBits)
	defer codes.Close()
	pass, y := gifPasses[0], 0
	passes := gifPasses[1:]
	if !f.interlaced {
		pass = gifPass{0, 1}
	}
	for range f.h {
		for y >= f.h {
			pass, passes = passes[0], passes[1:]
			y = pass.first
		}
		at := (f.y+y)*r.w + f.x
		if _, err := io.ReadFull(codes, r.pix[at:at+f.w]); err != nil {
			cut := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
			return raster{}, fmt.Errorf("gif: %w: row %d of %d: %v", truncatedOr(ErrCorrupt, cut), y, f.h, err)
		}
		y += pass.step
	}
	return r, nil
}

type gifPass struct{ first, step int }

// gifPasses are the rows of an interlaced frame in the order in which they are stored.
var gifPasses = [4]gifPass{{0, 8}, {4, 8}, {2, 4}, {1, 2}}

// gifCodes joins the data blocks at pos, which end in an empty one. A block that is cut does not count.
func gifCodes(b []byte, pos int) []byte {
	r := gifReader{rest: b[pos:]}
	var codes []byte
	for block := r.block(); len(block) > 0; block = r.block() {
		codes = append(codes, block...)
	}
	return codes
}
