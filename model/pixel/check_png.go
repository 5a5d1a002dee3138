package pixel

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// checkPNG reads the chunks of b. Like Pillow it checks every checksum before the picture data, forgives a
// missing end behind it, and forgives damage to the data's own chunks where the data itself is whole.
func checkPNG(b []byte, limits Limits) (header, error) {
	h := header{Info: Info{Format: PNG}}
	var (
		ihdr    []byte
		palette bool
		start   int      // of the first chunk of picture data
		data    [][]byte // payloads of the picture data
		damaged bool     // a chunk of picture data is cut or fails its checksum
		over    bool     // the picture data is
		ended   bool     // by its last chunk, or the first of an animation's second frame
	)
	for pos := len(pngSignature); ; {
		chunk, ok := pngChunk(b, pos)
		if !ok && len(data) > 0 {
			break // Pillow stops at what is not a chunk; the picture is before it
		}
		if !ok {
			return h, fmt.Errorf("png: %w: no chunk at byte %d", truncatedOr(ErrCorrupt, len(b)-pos < 8), pos)
		}
		switch {
		case ihdr == nil && chunk.name != "IHDR":
			return h, fmt.Errorf("png: %w: starts with chunk %s", ErrCorrupt, chunk.name)
		case chunk.name == "IDAT" && !over:
			if data == nil {
				start = pos
			}
			data = append(data, chunk.payload)
			damaged = damaged || !chunk.intact
		case len(data) > 0:
			over = true
			if chunk.missing > 4 && chunk.name != "IEND" && chunk.name != "fcTL" {
				return h, fmt.Errorf("png: %w: chunk %s at byte %d runs past the end", ErrTruncated, chunk.name, pos)
			}
		case chunk.missing > 0:
			return h, fmt.Errorf("png: %w: chunk %s at byte %d runs past the end", ErrTruncated, chunk.name, pos)
		case !chunk.intact:
			return h, fmt.Errorf("png: %w: checksum of chunk %s at byte %d", ErrCorrupt, chunk.name, pos)
		case chunk.name == "IEND":
			return h, fmt.Errorf("png: %w: no picture data", ErrCorrupt)
		case chunk.name == "IHDR":
			ihdr = chunk.payload
			if err := pngHeader(&h, ihdr); err != nil {
				return h, err
			}
			if err := limits.checkSize(PNG, h.Width, h.Height, h.depth); err != nil {
				return h, err
			}
		case chunk.name == "PLTE":
			palette = true
		}
		if ended = over && (chunk.name == "IEND" || chunk.name == "fcTL"); ended || chunk.missing > 0 {
			break
		}
		pos = chunk.next
	}
	if h.Mode == Palette && !palette {
		return h, fmt.Errorf("png: %w: no palette", ErrCorrupt)
	}
	if damaged || !ended {
		var err error
		h.repaired, err = repairPNG(b[:start], ihdr, data)
		return h, err
	}
	return h, nil
}

type pngPart struct {
	name    string
	payload []byte // what there is of it
	missing int    // bytes of payload and checksum behind the end of the file
	intact  bool   // the checksum is right
	next    int    // position of the chunk behind
}

// pngChunk reads the chunk at pos; not ok where there is none.
func pngChunk(b []byte, pos int) (c pngPart, ok bool) {
	if len(b)-pos < 8 {
		return c, false
	}
	for _, letter := range b[pos+4 : pos+8] {
		if letter|0x20 < 'a' || letter|0x20 > 'z' {
			return c, false
		}
	}
	n := int(binary.BigEndian.Uint32(b[pos:]))
	body := b[pos+8:]
	c.name = string(b[pos+4 : pos+8])
	c.payload = body[:min(n, len(body))]
	c.missing = max(0, n+4-len(body))
	c.intact = c.missing == 0 && crc32.ChecksumIEEE(b[pos+4:pos+8+n]) == binary.BigEndian.Uint32(body[n:])
	c.next = pos + 12 + n
	return c, true
}

// pngHeader reads IHDR into h.
func pngHeader(h *header, ihdr []byte) error {
	if len(ihdr) != 13 {
		return fmt.Errorf("png: %w: header of %d bytes", ErrCorrupt, len(ihdr))
	}
	h.Width = int(binary.BigEndian.Uint32(ihdr))
	h.Height = int(binary.BigEndian.Uint32(ihdr[4:]))
	bits, colour := ihdr[8], ihdr[9]
	if ihdr[10] != 0 || ihdr[11] != 0 || ihdr[12] > 1 {
		return fmt.Errorf("png: %w: compression %d, filter %d, interlace %d", ErrCorrupt, ihdr[10], ihdr[11], ihdr[12])
	}
	type kind struct{ bits, colour byte }
	switch (kind{bits, colour}) {
	case kind{1, 0}:
		h.Mode, h.depth = Bilevel, 2
	case kind{2, 0}, kind{4, 0}, kind{8, 0}:
		h.Mode, h.depth = Grey, 2
	case kind{16, 0}:
		h.Mode, h.depth = Grey16, 4
	case kind{8, 2}:
		h.Mode, h.depth = RGB, 3
	case kind{16, 2}:
		h.Mode, h.depth = RGB, 6
	case kind{1, 3}, kind{2, 3}, kind{4, 3}, kind{8, 3}:
		h.Mode, h.depth = Palette, 4
	case kind{8, 4}:
		h.Mode, h.depth = GreyAlpha, 2
	case kind{16, 4}:
		h.Mode, h.depth = RGBA, 8
	case kind{8, 6}:
		h.Mode, h.depth = RGBA, 4
	case kind{16, 6}:
		h.Mode, h.depth = RGBA, 8
	default:
		return fmt.Errorf("png: %w: %d bits of colour type %d", ErrCorrupt, bits, colour)
	}
	return nil
}
