package pixel

import "math"

// view is a resize and the square that is cropped from its result: the picture becomes w×h, and the crop starts
// at (left, top).
type view struct{ w, h, left, top int }

// shortest resizes the short side of w×h to size, keeps the shape, and crops the centre, with torchvision's
// rounding: the long side down, the offset to the nearest even.
func shortest(w, h, size int) view {
	v := view{w: size, h: size}
	if w < h {
		v.h = size * h / w
	} else {
		v.w = size * w / h
	}
	v.left = int(math.RoundToEven(float64(v.w-size) / 2))
	v.top = int(math.RoundToEven(float64(v.h-size) / 2))
	return v
}

// squash resizes both sides to size.
func squash(size int) view { return view{w: size, h: size} }

// fastShrink returns how much smaller a JPEG may be decoded: the short side keeps twice size.
func fastShrink(short, size int) int {
	for _, k := range []int{8, 4, 2} {
		if short/k >= 2*size {
			return k
		}
	}
	return 1
}
