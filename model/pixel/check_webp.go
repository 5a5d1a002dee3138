package pixel

import (
	"encoding/binary"
	"fmt"
)

// checkWebP reads the RIFF chunks of b up to the first frame, which carries size and alpha. The frame's own data
// is left to libwebp, which is strict about it.
func checkWebP(b []byte, limits Limits) (header, error) {
	h := header{Info: Info{Format: WebP, Mode: RGB}, depth: 4}
	size := int64(binary.LittleEndian.Uint32(b[4:])) + 8
	if size > int64(len(b)) {
		return h, fmt.Errorf("webp: %w: %d of %d bytes", ErrTruncated, len(b), size)
	}
	if size < 20 {
		return h, fmt.Errorf("webp: %w: container of %d bytes", ErrCorrupt, size)
	}
	b = b[:size]
	extended, alpha := false, false
	for pos := 12; len(b)-pos >= 8; {
		name, n := string(b[pos:pos+4]), chunkLength(binary.LittleEndian.Uint32(b[pos+4:]))
		body := b[pos+8:]
		if n > len(body) {
			return h, fmt.Errorf("webp: %w: chunk %q at byte %d runs past the end", ErrTruncated, name, pos)
		}
		body = body[:n]
		if pos == 12 && name != "VP8 " && name != "VP8L" && name != "VP8X" {
			return h, fmt.Errorf("webp: %w: starts with chunk %q", ErrUnsupportedFormat, name)
		}
		switch name {
		case "VP8X":
			if n < 10 {
				return h, fmt.Errorf("webp: %w: header of %d bytes", ErrCorrupt, n)
			}
			const animated, withAlpha = 1 << 1, 1 << 4
			extended, alpha = true, body[0]&withAlpha != 0
			h.Width, h.Height = 1+uint24(body[4:]), 1+uint24(body[7:])
			if err := limits.checkSize(WebP, h.Width, h.Height, h.depth); err != nil || body[0]&animated != 0 {
				return h.withAlpha(alpha), err
			}
		case "ALPH":
			alpha = true
		case "VP8 ", "VP8L":
			w, ht, ok := vp8Size(body)
			if name == "VP8L" {
				var used bool
				w, ht, used, ok = vp8lSize(body)
				alpha = used // a lossless frame knows better than the header before it
			}
			if !ok || extended && (w != h.Width || ht != h.Height) {
				return h, fmt.Errorf("webp: %w: header of frame %q at byte %d", ErrCorrupt, name, pos)
			}
			h.Width, h.Height = w, ht
			return h.withAlpha(alpha), limits.checkSize(WebP, w, ht, h.depth)
		}
		pos += 8 + n + n&1
	}
	return h, fmt.Errorf("webp: %w: no frame in %d bytes", ErrTruncated, len(b))
}

func (h header) withAlpha(alpha bool) header {
	if alpha {
		h.Mode = RGBA
	}
	return h
}

// vp8Size reads the header of a lossy key frame.
func vp8Size(b []byte) (w, h int, ok bool) {
	if len(b) < 10 || b[0]&1 != 0 || string(b[3:6]) != "\x9d\x01\x2a" {
		return 0, 0, false
	}
	if first := uint24(b) >> 5; first > len(b) { // of its partitions
		return 0, 0, false
	}
	const side = 1<<14 - 1 // above it, two bits of scaling that decoders ignore
	return int(binary.LittleEndian.Uint16(b[6:]) & side), int(binary.LittleEndian.Uint16(b[8:]) & side), true
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
