//go:build !linux

package kernel

// pages makes a slice of zeros that lives as long as its owner.
func pages[T float32 | int16 | int8, O any](_ *O, n int) []T { return aligned[T](n) }
