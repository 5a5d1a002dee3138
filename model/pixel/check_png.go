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
	start, err := pngHead(&h, b, limits)
	if err != nil {
		return h, err
	}
	data, end, intact := pngData(b, start)
	ended, err := pngTail(b, end)
	if err != nil {
		return h, err
	}
	if !intact || !ended {
		h.repaired, err = repairPNG(b[:start], data)
	}
	return h, err
}

// pngHead reads the chunks before the picture data into h and returns where that starts.
func pngHead(h *header, b []byte, limits Limits) (start int, err error) {
	palette := false
	for pos := len(pngSignature); ; {
		chunk, ok := pngChunk(b, pos)
		if !ok {
			return 0, fmt.Errorf("png: %w: no chunk at byte %d", truncatedOr(ErrCorrupt, len(b)-pos < 8), pos)
		}
		first := pos == len(pngSignature)
		if first != (chunk.name == "IHDR") {
			return 0, fmt.Errorf("png: %w: chunk %s at byte %d", ErrCorrupt, chunk.name, pos)
		}
		switch chunk.name {
		case "IDAT":
			if h.Mode == Palette && !palette {
				return 0, fmt.Errorf("png: %w: no palette", ErrCorrupt)
			}
			return pos, nil
		case "IEND":
			return 0, fmt.Errorf("png: %w: no picture data", ErrCorrupt)
		case "PLTE":
			palette = true
		}
		if chunk.missing > 0 {
			return 0, fmt.Errorf("png: %w: chunk %s at byte %d runs past the end", ErrTruncated, chunk.name, pos)
		}
		if !chunk.intact {
			return 0, fmt.Errorf("png: %w: checksum of chunk %s at byte %d", ErrCorrupt, chunk.name, pos)
		}
		if first {
			if err := pngHeader(h, chunk.payload); err != nil {
				return 0, err
			}
			if err := limits.checkSize(PNG, h.Width, h.Height, h.depth); err != nil {
				return 0, err
			}
		}
		pos = chunk.next
	}
}

// pngData returns the payloads of the picture data at start, where it ends, and whether its chunks are intact.
func pngData(b []byte, start int) (data [][]byte, end int, intact bool) {
	intact = true
	for end = start; ; {
		chunk, ok := pngChunk(b, end)
		if !ok || chunk.name != "IDAT" {
			return data, end, intact
		}
		data = append(data, chunk.payload)
		intact = intact && chunk.intact
		if end = chunk.next; chunk.missing > 0 {
			return data, len(b), false
		}
	}
}

// pngTail reads the chunks behind the picture data. It reports whether they end in an end, or in the second frame
// of an animation; Pillow stops at whatever is not a chunk.
func pngTail(b []byte, pos int) (ended bool, err error) {
	for {
		chunk, ok := pngChunk(b, pos)
		if !ok || chunk.name == "IEND" || chunk.name == "fcTL" {
			return ok, nil
		}
		const checksum = 4 // not read here
		if chunk.missing > checksum {
			return false, fmt.Errorf("png: %w: chunk %s at byte %d runs past the end", ErrTruncated, chunk.name, pos)
		}
		pos = chunk.next
	}
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
	n := chunkLength(binary.BigEndian.Uint32(b[pos:]))
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
