package pixel

import (
	"encoding/binary"
	"fmt"
)

// gifFrame is where the first frame of a GIF lies.
type gifFrame struct {
	x, y, w, h  int
	palette     []byte // red, green, blue of each colour; nil where the pixels are grey levels themselves
	transparent byte   // fills what the frame leaves uncovered; 0 without transparency
	interlaced  bool
	codeBits    int // the least size of an LZW code
	data        int // position of the first block of codes
}

// checkGIF reads the blocks of b up to the data of the first frame. The codes themselves are checked by
// decodeGIF, which is Go too.
func checkGIF(b []byte, limits Limits) (header, error) {
	h := header{Info: Info{Format: GIF, Mode: Grey}, depth: 1}
	r := gifReader{rest: b}
	screen := r.take(13)
	var palette []byte
	if screen != nil && screen[10]&0x80 != 0 {
		palette = r.palette(screen[10])
	}
	for !r.ended {
		switch tag := r.take(1); {
		case tag == nil:
		case tag[0] == ';':
			return h, fmt.Errorf("gif: %w: no frame", ErrCorrupt)
		case tag[0] == '!':
			label := r.take(1)
			block := r.block()
			if label != nil && label[0] == 0xf9 && len(block) >= 4 && block[0]&1 != 0 {
				h.frame.transparent = block[3]
			}
			for len(block) > 0 {
				block = r.block()
			}
		case tag[0] == ',':
			place := r.take(9)
			if place == nil {
				break
			}
			f := &h.frame
			f.x, f.y = int(binary.LittleEndian.Uint16(place)), int(binary.LittleEndian.Uint16(place[2:]))
			f.w, f.h = int(binary.LittleEndian.Uint16(place[4:])), int(binary.LittleEndian.Uint16(place[6:]))
			f.interlaced = place[8]&0x40 != 0
			if place[8]&0x80 != 0 {
				palette = r.palette(place[8])
			}
			bits := r.take(1)
			if bits == nil {
				break
			}
			f.codeBits, f.data = int(bits[0]), len(b)-len(r.rest)
			if !isGreyRamp(palette) {
				f.palette, h.Mode = palette, Palette
			}
			if f.w == 0 || f.h == 0 || f.codeBits < 2 || f.codeBits > 8 {
				return h, fmt.Errorf("gif: %w: frame of %d×%d pixels, %d bits", ErrCorrupt, f.w, f.h, f.codeBits)
			}
			// A frame that reaches over the screen widens it.
			h.Width = max(int(binary.LittleEndian.Uint16(screen[6:])), f.x+f.w)
			h.Height = max(int(binary.LittleEndian.Uint16(screen[8:])), f.y+f.h)
			return h, limits.checkSize(GIF, h.Width, h.Height, h.depth)
		}
	}
	return h, fmt.Errorf("gif: %w: no frame in %d bytes", ErrTruncated, len(b))
}

// isGreyRamp reports whether each colour of palette is the grey level of its own index, which makes the picture
// a grey one and not a palette one.
func isGreyRamp(palette []byte) bool {
	for i, v := range palette {
		if int(v) != i/3 {
			return false
		}
	}
	return true
}

// gifReader takes bytes from the front; ended is set once there were too few.
type gifReader struct {
	rest  []byte
	ended bool
}

// take returns the next n bytes, nil where there are fewer.
func (r *gifReader) take(n int) []byte {
	if n > len(r.rest) {
		r.ended = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// block returns the next block of data, which says its own length; empty at the end of a sequence.
func (r *gifReader) block() []byte {
	n := r.take(1)
	if n == nil {
		return nil
	}
	return r.take(int(n[0]))
}

// palette returns the colour table whose size stands in the low bits of flags.
func (r *gifReader) palette(flags byte) []byte { return r.take(3 << (flags&7 + 1)) }
