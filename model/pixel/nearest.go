package pixel

// nearest resizes src by nearest neighbour and converts it to RGB, as Pillow does to a palette or a bilevel
// picture: [3][size][size] bytes, which live in s.
func (s *scratch) nearest(src raster, v view, size int) []byte {
	xs := nearestIndex(&s.x, src.w, v.w, v.left, size)
	ys := nearestIndex(&s.y, src.h, v.h, v.top, size)
	n := size * size
	s.result = grow(s.result, 3*n)
	red, green, blue := s.result[:n], s.result[n:2*n], s.result[2*n:]
	i := 0
	for _, y := range ys {
		row := src.pix[y*src.w*src.bands:][:src.w*src.bands]
		for _, x := range xs {
			red[i], green[i], blue[i] = src.colour(row[x*src.bands:][:src.bands])
			i++
		}
	}
	return s.result
}

// nearestIndex returns the source index of results from…from+n, in a.first. Pillow walks from result to result,
// so the walk is kept: each step rounds.
func nearestIndex(a *axis, in, out, from, n int) []int {
	a.first = grow(a.first, n)
	step := float64(in) / float64(out)
	at := step * 0.5
	for range from {
		at += step
	}
	for i := range a.first {
		a.first[i] = min(int(at), in-1)
		at += step
	}
	return a.first
}

// colour returns the colour of a pixel of a palette or bilevel picture.
func (r raster) colour(pixel []byte) (red, green, blue byte) {
	v := pixel[0]
	switch {
	case r.palette == nil && len(pixel) < 3:
		return v, v, v
	case r.palette == nil:
		return pixel[0], pixel[1], pixel[2]
	case 3*int(v)+2 < len(r.palette):
		return r.palette[3*int(v)], r.palette[3*int(v)+1], r.palette[3*int(v)+2]
	}
	return v, v, v // Pillow's palettes are grey ramps behind their end
}
