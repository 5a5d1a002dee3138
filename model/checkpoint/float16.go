package checkpoint

import (
	"encoding/binary"
	"math"
)

// FromFloats16 makes an F16 tensor for Write, of the values rounded to nearest, ties to even. It panics where the shape
// does not hold as many.
func FromFloats16(name string, shape []int, values []float32) Tensor {
	t := FromFloats(name, shape, values)
	t.Dtype, t.data = F16, make([]byte, 0, 2*len(values))
	for _, v := range values {
		t.data = binary.LittleEndian.AppendUint16(t.data, narrow(v))
	}
	return t
}

// narrow rounds to an IEEE 754 binary16 number; half widens it again.
func narrow(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	switch size := bits &^ (1 << 31); {
	case size > 0x7f800000: // NaN
		return sign | 0x7e00
	case size >= 0x477ff000: // from 65520 on
		return sign | 0x7c00
	case size < 0x38800000: // below 2^-14: a multiple of 2^-24
		return sign | uint16(math.RoundToEven(math.Ldexp(float64(math.Float32frombits(size)), 24)))
	default: // drop 13 bits of the fraction, and take the exponent's bias from 127 to 15
		return sign | uint16((size+0xfff+size>>13&1)>>13-(127-15)<<10)
	}
}
