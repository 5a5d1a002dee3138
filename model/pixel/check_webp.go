package pixel

import (
	"encoding/binary"
	"fmt"
)

// checkWebP reads the RIFF chunks of b up to the first frame, which carries size and alpha.
func checkWebP(b []byte, limits Limits) (header, error) {
	h := header{Info: Info{Format: WebP, Mode: RGB}, depth: 4}
	if size := int64(binary.LittleEndian.Uint32(b[4:])) + 8; size > int64(len(b)) {
		return h, fmt.Errorf("webp: %w: %d of %d bytes", ErrTruncated, len(b), size)
	} else if size < 20 {
		return h, fmt.Errorf("webp: %w: container of %d bytes", ErrCorrupt, size)
	} else {
		b = b[:size]
	}
	extended, alpha := false, false
	for pos := 12; ; {
		if len(b)-pos < 8 {
			return h, fmt.Errorf("webp: %w: no picture in %d bytes", ErrTruncated, len(b))
		}
		name, n := string(b[pos:pos+4]), int(binary.LittleEndian.Uint32(b[pos+4:]))
		body := b[pos+8:]
		if n > len(body) {
			return h, fmt.Errorf("webp: %w: chunk %q at byte %d runs past the end", ErrTruncated, name, pos)
		}
		body = body[:n]
		if pos == 12 && name != "VP8 " && name != "VP8L" && name != "VP8X" {
			return h, fmt.Errorf("webp: %w: starts with chunk %q", ErrUnsupportedFormat, name)
		}
		pos += 8 + n + n&1
		var w, ht int
		var ok bool
		switch name {
		case "VP8X":
			if n < 10 {
				return h, fmt.Errorf("webp: %w: header of %d bytes", ErrCorrupt, n)
			}
			const animated, withAlpha = 1 << 1, 1 << 4
			w, ht = 1+uint24(body[4:]), 1+uint24(body[7:])
			h.Width, h.Height, extended = w, ht, true
			if body[0]&withAlpha != 0 {
				h.Mode = RGBA
			}
			if err := limits.checkSize(WebP, w, ht, h.depth); err != nil || body[0]&animated != 0 {
				return h, err
			}
			continue
		case "ALPH":
			alpha = true
			continue
		case "VP8 ":
			w, ht, ok = vp8Size(body)
		case "VP8L":
			var used bool
			if w, ht, used, ok = vp8lSize(body); ok {
				h.Mode = RGB
				alpha = alpha || used
			}
		default:
			continue
		}
		if !ok || extended && (w != h.Width || ht != h.Height) {
			return h, fmt.Errorf("webp: %w: header of the %q frame", ErrCorrupt, name)
		}
		if alpha {
			h.Mode = RGBA
		}
		h.Width, h.Height = w, ht
		return h, limits.checkSize(WebP, w, ht, h.depth)
	}
}

// vp8Size reads the header of a lossy key frame.
func vp8Size(b []byte) (w, h int, ok bool) {
	if len(b) < 10 || b[0]&1 != 0 || string(b[3:6]) != "\x9d\x01\x2a" {
		return 0, 0, false
	}
	const sizeMask = 1<<14 - 1 // above it, two bits of scaling that decoders ignore
	if first := uint24(b) >> 5; first > len(b) {
		return 0, 0, false
	}
	return int(binary.LittleEndian.Uint16(b[6:]) & sizeMask), int(binary.LittleEndian.Uint16(b[8:]) & sizeMask), true
}

// vp8lSize reads the header of a lossless frame.
func vp8lSize(b []byte) (w, h int, alpha, ok bool) {
	if len(b) < 5 || b[0] != 0x2f {
		return 0, 0, false, false
	}
	bits := binary.LittleEndian.Uint32(b[1:])
	return 1 + int(bits&0x3fff), 1 + int(bits>>14&0x3fff), bits>>28&1 != 0, bits>>29 == 0
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
