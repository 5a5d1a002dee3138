package pixel

import (
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
	codes := lzw.NewReader(&gifBlocks{rest: b[f.data:]}, lzw.LSB, f.codeBits)
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

// gifBlocks reads the bytes of a sequence of data blocks.
type gifBlocks struct {
	rest  []byte
	block []byte
}

func (g *gifBlocks) ReadByte() (byte, error) {
	if len(g.block) == 0 {
		if len(g.rest) == 0 || g.rest[0] == 0 || int(g.rest[0]) >= len(g.rest) {
			return 0, io.ErrUnexpectedEOF
		}
		n := int(g.rest[0])
		g.block, g.rest = g.rest[1:1+n], g.rest[1+n:]
	}
	c := g.block[0]
	g.block = g.block[1:]
	return c, nil
}

func (g *gifBlocks) Read(p []byte) (int, error) {
	for i := range p {
		c, err := g.ReadByte()
		if err != nil {
			return i, err
		}
		p[i] = c
	}
	return len(p), nil
}
