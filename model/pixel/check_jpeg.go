package pixel

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// JPEG markers, the byte after 0xff.
const (
	markerSOF0 = 0xc0
	markerDHT  = 0xc4
	markerDAC  = 0xcc
	markerRST0 = 0xd0
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerDRI  = 0xdd
	markerAPP0 = 0xe0
	markerCOM  = 0xfe
	markerTEM  = 0x01
)

// maxScans bounds the scans of a progressive JPEG: each costs a pass over the whole picture however few its
// bytes. Encoders write about ten.
const maxScans = 100

// checkJPEG walks the markers of b from start to end, as libjpeg does under Pillow: damaged coefficients pass,
// a missing end does not.
func checkJPEG(b []byte, limits Limits) (header, error) {
	h := header{Info: Info{Format: JPEG}}
	var (
		components  int
		scans       int
		progressive bool // or sequential with channels in several scans
		whole       bool // the one scan of a sequential picture is over: nothing after it is needed
	)
	for pos := 2; ; {
		marker, next := nextMarker(b, pos, scans > 0)
		if marker == 0 {
			if whole {
				return h, nil
			}
			return h, fmt.Errorf("jpeg: %w: no end marker in %d bytes", ErrTruncated, len(b))
		}
		at := next - 2
		whole = whole || scans == 1 && !progressive
		switch {
		case marker == markerEOI && scans > 0:
			return h, nil
		case marker == markerTEM && scans > 0, marker&^7 == markerRST0:
			pos = next
			continue
		case marker == markerSOI, marker == markerEOI, marker == markerTEM, !isSegment(marker):
			return h, fmt.Errorf("jpeg: %w: marker %#02x at byte %d", ErrCorrupt, marker, at)
		}
		segment, ok := jpegSegment(b, next)
		if !ok {
			if whole {
				return h, nil
			}
			return h, fmt.Errorf("jpeg: %w: segment %#02x at byte %d runs past the end", ErrTruncated, marker, at)
		}
		if segment == nil {
			return h, fmt.Errorf("jpeg: %w: length of segment %#02x at byte %d", ErrCorrupt, marker, at)
		}
		pos = next + 2 + len(segment)

		switch {
		case isFrame(marker):
			if components > 0 {
				return h, fmt.Errorf("jpeg: %w: second frame header at byte %d", ErrCorrupt, at)
			}
			if err := jpegFrame(&h, marker, segment, at); err != nil {
				return h, err
			}
			if err := limits.checkSize(JPEG, h.Width, h.Height, h.depth); err != nil {
				return h, err
			}
			components, progressive = h.depth, marker&3 == 2
		case marker == markerSOS:
			if components == 0 {
				return h, fmt.Errorf("jpeg: %w: scan at byte %d before the frame header", ErrCorrupt, at)
			}
			if whole {
				return h, fmt.Errorf("jpeg: %w: second scan at byte %d of a sequential picture", ErrCorrupt, at)
			}
			if scans++; scans > maxScans {
				return h, fmt.Errorf("jpeg: %w: more than %d scans", ErrTooLarge, maxScans)
			}
			progressive = progressive || len(segment) > 0 && int(segment[0]) < components
		}
	}
}

// nextMarker returns the first marker at or after pos and the position behind it, 0 where there is none. In a
// scan, stuffed zeros and restarts belong to the data.
func nextMarker(b []byte, pos int, inScan bool) (marker byte, next int) {
	for pos < len(b) {
		i := bytes.IndexByte(b[pos:], 0xff)
		if i < 0 {
			break
		}
		for pos += i + 1; pos < len(b) && b[pos] == 0xff; pos++ {
		}
		if pos == len(b) {
			break
		}
		if m := b[pos]; m != 0 && !(inScan && m&^7 == markerRST0) {
			return m, pos + 1
		}
		pos++
	}
	return 0, len(b)
}

// jpegSegment returns the payload of the segment whose length stands at pos: nil where the length is none, not
// ok where the payload is cut off.
func jpegSegment(b []byte, pos int) (payload []byte, ok bool) {
	if len(b)-pos < 2 {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(b[pos:]))
	if n < 2 {
		return nil, true
	}
	if len(b)-pos < n {
		return nil, false
	}
	return b[pos+2 : pos+n : pos+n], true
}

// jpegFrame reads a frame header into h.
func jpegFrame(h *header, marker byte, segment []byte, at int) error {
	switch marker {
	case markerSOF0, markerSOF0 + 1, markerSOF0 + 2, markerSOF0 + 9, markerSOF0 + 10:
	default:
		return fmt.Errorf("jpeg: %w: lossless or hierarchical coding (marker %#02x)", ErrUnsupportedFormat, marker)
	}
	if len(segment) < 6 || len(segment) != 6+3*int(segment[5]) {
		return fmt.Errorf("jpeg: %w: frame header of %d bytes at byte %d", ErrCorrupt, len(segment), at)
	}
	if segment[0] != 8 {
		return fmt.Errorf("jpeg: %w: %d bits a sample", ErrUnsupportedFormat, segment[0])
	}
	h.Height = int(binary.BigEndian.Uint16(segment[1:]))
	h.Width = int(binary.BigEndian.Uint16(segment[3:]))
	h.depth = int(segment[5])
	switch h.depth {
	case 1:
		h.Mode = Grey
	case 3:
		h.Mode = RGB
	case 4:
		h.Mode = CMYK
	default:
		return fmt.Errorf("jpeg: %w: %d channels", ErrUnsupportedFormat, h.depth)
	}
	return nil
}

// isFrame reports whether marker opens a frame header of whatever coding.
func isFrame(marker byte) bool {
	return marker&^15 == markerSOF0 && marker != markerDHT && marker != markerDAC
}

// isSegment reports whether marker is one that libjpeg knows and that a length follows.
func isSegment(marker byte) bool {
	return marker&^15 == markerSOF0 || marker&^15 == markerAPP0 || marker == markerCOM ||
		marker >= markerSOS && marker <= markerDRI
}
