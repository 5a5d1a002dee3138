// Package kernel computes what the towers spend their time on: products with packed weights in three precisions,
// attention, normalisation, activations. Each kernel is written in Go first, which is what it means and what runs
// everywhere; for processors of the amd64 family that have AVX2 or AVX-512, and for those of arm64, there is generated
// assembly beside it.
//
// Every element of a product is one chain of operations along the row of its left side and the column of its right side,
// so it does not depend on how many rows come with it, where in the batch they stand, how the product is cut
// into pieces, or how many processors work. On one machine results are always the same bits. Between levels, integer
// products and what is quantised for them have the same bits everywhere, float32 results the same with AVX2, AVX-512
// and NEON, and those of the Go code differ in the last places, since it does not fuse multiplication and addition.
//
// Callers need not pad anything, though rows that are Pitch apart are faster. A row with a NaN or an infinity does not
// come out as numbers, in any precision.
package kernel

//go:generate go run ./gen

import "fmt"

// Precision is how weights and activations are held for a product.
type Precision uint8

const (
	// Float32 is the reference.
	Float32 Precision = iota
	// Int16 rounds activations to 13½ bits by row and weights to about 13 by column; sums of 384 products are exact.
	Int16
	// Int8 rounds activations to 8 bits by row, above a zero point, and weights to 8 bits by column; sums are exact.
	Int8
)

// String returns float32, int16 or int8.
func (p Precision) String() string {
	switch p {
	case Float32:
		return "float32"
	case Int16:
		return "int16"
	case Int8:
		return "int8"
	}
	return fmt.Sprintf("precision %d", uint8(p))
}

// Finer is the precision that loses less than p, or float32.
func (p Precision) Finer() Precision { return max(p, Int16) - 1 }

// panel is how many columns of a right-hand side are packed side by side.
const panel = 32

// Pitch returns how far apart rows of cols float32 are best: whole lines of cache, and an odd number of them, so that rows
// do not crowd into a few of its sets.
func Pitch(cols int) int { return ((cols+15)/16 | 1) * 16 }
