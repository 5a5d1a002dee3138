package pixel

// widenPremultiplied is widen for channels−1 colours times the alpha behind them.
func (s *scratch) widenPremultiplied(a, b []byte, channels, columns int) {
	n := s.x.hi - s.x.lo
	for i := range n {
		p, q := a[i*channels:][:channels], b[i*channels:][:channels]
		pa, qa := p[channels-1], q[channels-1]
		for c := range channels - 1 {
			s.plane[c*columns+i] = uint64(mul255(p[c], pa)) | uint64(mul255(q[c], qa))<<32
		}
		s.plane[(channels-1)*columns+i] = uint64(pa) | uint64(qa)<<32
	}
}

// unpremultiply divides the colours by alpha, in place, and clips what rounding and the filter left above it.
func unpremultiply(colours, alpha []byte) {
	for i, a := range alpha {
		if a != 0 && a != 255 {
			colours[i] = byte(min(255, 255*int(colours[i])/int(a)))
		}
	}
}

// mul255 returns a·b/255, rounded.
func mul255(a, b byte) byte {
	t := int(a)*int(b) + 128
	return byte((t>>8 + t) >> 8)
}

// premultiply writes pixels of bands bytes, of which the last is alpha, to dst, their colours times alpha.
func premultiply(dst, pixels []byte, bands int) {
	for len(pixels) > 0 {
		p, q := pixels[:bands], dst[:bands]
		alpha := p[bands-1]
		for c := range bands - 1 {
			q[c] = mul255(p[c], alpha)
		}
		q[bands-1] = alpha
		pixels, dst = pixels[bands:], dst[bands:]
	}
}
