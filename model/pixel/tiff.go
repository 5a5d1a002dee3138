//go:build !novips

package pixel

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// TIFF tags of the pictures that libvips writes.
const (
	tiffWidth           = 256
	tiffHeight          = 257
	tiffBitsPerSample   = 258
	tiffCompression     = 259
	tiffStripOffsets    = 273
	tiffSamplesPerPixel = 277
	tiffStripSizes      = 279
	tiffPlanar          = 284
)

// readTIFF returns the picture of a TIFF as libvips writes it by default: little-endian, uncompressed, 8 bits a
// sample, pixel by pixel, in strips that follow each other. The pixels are b's own memory.
func readTIFF(b []byte) (raster, error) {
	if len(b) < 8 || string(b[:4]) != "II*\x00" {
		return raster{}, errors.New("tiff: no header")
	}
	at := uint64(binary.LittleEndian.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return raster{}, errors.New("tiff: directory past the end")
	}
	n := uint64(binary.LittleEndian.Uint16(b[at:]))
	if at+2+12*n > uint64(len(b)) {
		return raster{}, errors.New("tiff: directory past the end")
	}
	tags := map[uint16][]uint32{tiffCompression: {1}, tiffSamplesPerPixel: {1}, tiffPlanar: {1}}
	for entry := range n {
		e := b[at+2+12*entry:][:12]
		tag := binary.LittleEndian.Uint16(e)
		if tag < tiffWidth || tag > tiffPlanar {
			continue // metadata
		}
		values, ok := tiffValues(b, e)
		if !ok {
			return raster{}, fmt.Errorf("tiff: tag %d past the end", tag)
		}
		if values != nil {
			tags[tag] = values
		}
	}
	for _, tag := range []uint16{tiffWidth, tiffHeight, tiffBitsPerSample, tiffStripOffsets, tiffStripSizes} {
		if len(tags[tag]) == 0 {
			return raster{}, fmt.Errorf("tiff: no tag %d", tag)
		}
	}
	r := raster{w: int(tags[tiffWidth][0]), h: int(tags[tiffHeight][0]), bands: int(tags[tiffSamplesPerPixel][0])}
	if tags[tiffCompression][0] != 1 || tags[tiffPlanar][0] != 1 || tags[tiffBitsPerSample][0] != 8 {
		return raster{}, errors.New("tiff: not plain 8-bit pixels")
	}
	offsets, sizes := tags[tiffStripOffsets], tags[tiffStripSizes]
	start, end := uint64(offsets[0]), uint64(offsets[0])
	for i := range min(len(offsets), len(sizes)) {
		if uint64(offsets[i]) != end {
			return raster{}, errors.New("tiff: gap between strips")
		}
		end += uint64(sizes[i])
	}
	if end > uint64(len(b)) || end-start != uint64(r.w)*uint64(r.h)*uint64(r.bands) {
		return raster{}, fmt.Errorf("tiff: %d bytes of pixels for %d×%d×%d", end-start, r.w, r.h, r.bands)
	}
	r.pix = b[start:end:end]
	return r, nil
}

// tiffValues returns the 16- or 32-bit values of directory entry e, nil for another type.
func tiffValues(b, e []byte) (values []uint32, ok bool) {
	const short, long = 3, 4
	size := uint64(0)
	switch binary.LittleEndian.Uint16(e[2:]) {
	case short:
		size = 2
	case long:
		size = 4
	default:
		return nil, true
	}
	count := uint64(binary.LittleEndian.Uint32(e[4:]))
	raw := e[8:]
	if count*size > 4 {
		at := uint64(binary.LittleEndian.Uint32(raw))
		if at+count*size > uint64(len(b)) {
			return nil, false
		}
		raw = b[at:]
	}
	values = make([]uint32, count)
	for i := range values {
		if size == 2 {
			values[i] = uint32(binary.LittleEndian.Uint16(raw[2*i:]))
		} else {
			values[i] = binary.LittleEndian.Uint32(raw[4*i:])
		}
	}
	return values, true
}
