package pixel

// rgb converts the resized planes in s.result to RGB.
func (s *scratch) rgb(src raster, premultiplied bool, size int) []byte {
	n := size * size
	colours := src.colours()
	plane := func(c int) []byte { return s.result[c*n : (c+1)*n] }
	if premultiplied {
		for c := range colours {
			unpremultiply(plane(c), plane(colours))
		}
	}
	switch colours {
	case 1:
		copy(plane(1), plane(0))
		copy(plane(2), plane(0))
	case 4:
		inkToLight(plane(0), plane(1), plane(2), plane(3))
	}
	return s.result[:3*n]
}

// inkToLight converts cyan, magenta, yellow to red, green, blue in place, under black k.
func inkToLight(c, m, y, k []byte) {
	for i, black := range k {
		light := 255 - black
		c[i] = light - mul255(c[i], light)
		m[i] = light - mul255(m[i], light)
		y[i] = light - mul255(y[i], light)
	}
}
