package kernel

import "unsafe"

// aligned makes a slice of zeros that starts on a cache line.
func aligned[T float32 | int32 | int16 | int8 | uint8](n int) []T {
	const line = 64
	size := int(unsafe.Sizeof(*new(T)))
	s := make([]T, n+line/size)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(s)))&(line-1)) / size
	return s[skip : skip+n : skip+n]
}

// integers views the memory of float32s as integers.
func integers(s []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}
