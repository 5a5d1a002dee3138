package kernel

import "math"

// extent returns the least and the greatest of x and 0, and the bits of the greatest magnitude. As bits infinity is
// above all numbers and NaN above infinity.
func extent(x []float32) (low, high float32, magnitude int32) {
	for _, v := range x {
		if v < low {
			low = v
		}
		if v > high {
			high = v
		}
		magnitude = max(magnitude, int32(math.Float32bits(v)&^(1<<31)))
	}
	return low, high, magnitude
}

// quantise16 rounds scale·x to even and clamps it. It writes whole blocks of 16, with zeros behind the row.
func quantise16(dst []int16, x []float32, scale, low, high float32) {
	for i, v := range x {
		dst[i] = int16(math.RoundToEven(float64(min(max(v*scale, low), high))))
	}
	clear(dst[len(x) : (len(x)+15)&^15])
}

// quantise8 rounds scale·x to even, clamps it and adds zero. It writes whole blocks of 16, with zero behind the row.
func quantise8(dst []uint8, x []float32, scale, low, high float32, zero int32) {
	for i, v := range x {
		dst[i] = uint8(int32(math.RoundToEven(float64(min(max(v*scale, low), high)))) + zero)
	}
	for i := len(x); i < (len(x)+15)&^15; i++ {
		dst[i] = uint8(zero)
	}
}
