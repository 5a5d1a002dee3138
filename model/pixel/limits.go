package pixel

import "fmt"

// Limits bounds what one picture may cost. They are checked on its header, before anything is allocated.
type Limits struct {
	Bytes int // of the encoded picture; 0 means 20 MiB
	Side  int // width and height in pixels; 0 means 16,384

	// Pixels is width × height of a picture of three bytes a pixel; 0 means 33,500,000. One that decodes to more
	// bytes (alpha, CMYK, 16 bits) may have that many fewer pixels. Above the default, libvips decodes into files under
	// $TMPDIR what libjpeg or libwebp alone does not decode in memory. One call takes about 10 bytes a pixel while it decodes.
	Pixels int
}

func (l Limits) checkBytes(n int) error {
	if limit := or(l.Bytes, 20<<20); n > limit {
		return fmt.Errorf("%w: %d bytes, limit %d", ErrTooLarge, n, limit)
	}
	return nil
}

// checkSize checks a picture of w×h pixels that decodes to depth bytes a pixel.
func (l Limits) checkSize(format Format, w, h, depth int) error {
	if w < 1 || h < 1 {
		return fmt.Errorf("%s: %w: %d×%d pixels", format, ErrCorrupt, w, h)
	}
	if limit := or(l.Side, 16384); w > limit || h > limit {
		return fmt.Errorf("%s: %w: %d×%d pixels, limit %d a side", format, ErrTooLarge, w, h, limit)
	}
	if limit := int64(or(l.Pixels, 33_500_000)) * 3 / int64(max(depth, 3)); int64(w)*int64(h) > limit {
		return fmt.Errorf("%s: %w: %d×%d pixels of %d bytes, limit %d pixels", format, ErrTooLarge, w, h, depth, limit)
	}
	return nil
}

// or returns n, or its default where it is zero.
func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}
