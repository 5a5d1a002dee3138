package checkpoint

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"
)

// Dtype is an element type, spelled as in the header.
type Dtype string

// The element types that a model's weights come in.
const (
	F32  Dtype = "F32"
	F16  Dtype = "F16"
	BF16 Dtype = "BF16"
)

// sizes holds the bytes an element takes for all whole-byte types of the format: what we cannot convert may
// still stand in a file, as integer buffers do.
var sizes = map[Dtype]int{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "F8_E8M0": 1,
	"I16": 2, "U16": 2, F16: 2, BF16: 2,
	"I32": 4, "U32": 4, F32: 4,
	"F64": 8, "I64": 8, "U64": 8, "C64": 8,
}

// Tensor is one named array, in row-major order.
type Tensor struct {
	Name  string
	Dtype Dtype
	Shape []int // empty for a scalar

	data   []byte
	offset uint64 // of data behind the header
	file   string
}

// FromFloats makes an F32 tensor for Write. It panics where the shape does not hold as many values.
func FromFloats(name string, shape []int, values []float32) Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	if n != len(values) {
		panic(fmt.Sprintf("checkpoint: tensor %s: shape %v of %d values", name, shape, len(values)))
	}
	t := Tensor{Name: name, Dtype: F32, Shape: shape}
	if littleEndian && len(values) > 0 {
		t.data = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
		return t
	}
	t.data = make([]byte, 0, 4*len(values))
	for _, v := range values {
		t.data = binary.LittleEndian.AppendUint32(t.data, math.Float32bits(v))
	}
	return t
}

// Len is the number of elements.
func (t *Tensor) Len() int { return len(t.data) / sizes[t.Dtype] }

// File is the base name of the file that the tensor stands in.
func (t *Tensor) File() string { return t.file }

// Floats gives the elements as float32. F32 data that is aligned is not copied: the slice is then read-only
// and ends with the File. F16 and BF16 are converted exactly; any other type is an error.
func (t *Tensor) Floats() ([]float32, error) {
	if t.Dtype == F32 && littleEndian && len(t.data) > 0 {
		if p := unsafe.Pointer(unsafe.SliceData(t.data)); uintptr(p)%unsafe.Alignof(float32(0)) == 0 {
			return unsafe.Slice((*float32)(p), t.Len()), nil
		}
	}
	out := make([]float32, t.Len())
	switch t.Dtype {
	case F32:
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.data[4*i:]))
		}
	case F16:
		for i := range out {
			out[i] = half(binary.LittleEndian.Uint16(t.data[2*i:]))
		}
	case BF16:
		for i := range out {
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(t.data[2*i:])) << 16)
		}
	default:
		return nil, fmt.Errorf("%s: tensor %s: dtype %s, want F32, F16 or BF16", t.file, t.Name, t.Dtype)
	}
	return out, nil
}

// half widens an IEEE 754 binary16 number.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero and subnormal: fraction * 2^-24, exact in float32
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f: // infinity and NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1
