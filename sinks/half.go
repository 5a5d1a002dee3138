package sinks

import (
	"encoding/binary"
	"math"
)

// appendHalf appends floats as float16, little-endian, rounded to nearest, ties to even, like NumPy's astype.
// (Arrow's float16.New cuts off.)
func appendHalf(dst []byte, values []float32) []byte {
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint16(dst, half(v))
	}
	return dst
}

// half returns the bits of the float16 that is nearest to f.
func half(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	switch size := bits &^ (1 << 31); {
	case size > 0x7f800000: // NaN, with what fits of its payload
		return sign | 0x7e00 | uint16(size>>13&0x3ff)
	case size >= 0x477ff000: // from 65520 on
		return sign | 0x7c00
	case size < 0x38800000: // below 2^-14: a multiple of 2^-24
		return sign | uint16(math.RoundToEven(math.Ldexp(float64(math.Float32frombits(size)), 24)))
	default: // drop 13 bits of the fraction, and take the exponent's bias from 127 to 15
		return sign | uint16((size+0xfff+size>>13&1)>>13-(127-15)<<10)
	}
}
