package pixel

// widen fills s.plane with rows lower and upper of src, the columns that the filter along x reads.
func (s *scratch) widen(src raster, lower, upper, channels, columns int, premultiplied bool) {
	n := s.x.hi - s.x.lo
	row := func(y int) []byte { return src.pix[(y*src.w+s.x.lo)*src.bands:][: n*src.bands : n*src.bands] }
	a, b := row(lower), row(upper)
	if premultiplied {
		s.widenPremultiplied(a, b, channels, columns)
		return
	}
	if src.bands == 3 && channels == 3 {
		widenRGB(s.plane[:n], s.plane[columns:][:n], s.plane[2*columns:][:n], a, b)
		return
	}
	for c := range channels {
		plane := s.plane[c*columns:][:n]
		for i := range plane {
			plane[i] = uint64(a[i*src.bands+c]) | uint64(b[i*src.bands+c])<<32
		}
	}
}

// widenRGB is widen for the common case.
func widenRGB(red, green, blue []uint64, a, b []byte) {
	green, blue = green[:len(red)], blue[:len(red)]
	for i := range red {
		p, q := a[:3], b[:3]
		red[i] = uint64(p[0]) | uint64(q[0])<<32
		green[i] = uint64(p[1]) | uint64(q[1])<<32
		blue[i] = uint64(p[2]) | uint64(q[2])<<32
		a, b = a[3:], b[3:]
	}
}
