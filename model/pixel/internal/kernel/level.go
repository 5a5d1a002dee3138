// Package kernel filters pictures with the vector instructions of a processor. Its results are those of the generic
// resampler of package pixel, which is its truth and its test.
package kernel

import (
	"fmt"
	"os"
	"slices"
)

// A Level is the resampler for one kind of processor: two kernels that filter four rows at once, and how they take
// their weights. A weight is split into parts of fewer bits, each is multiplied and summed apart, and the sums are
// joined at the end: all modulo 2³², in which the joined sum fits.
type Level struct {
	Name string
	Step int // taps that Horizontal takes at once: 4 for each 16 bytes that it loads
	// Parts is how many parts a weight has; Part packs one part of the next Packed weights, in two's complement, into
	// a word.
	Parts, Packed int
	Part          func(weights []uint64, part int) uint32

	// Horizontal filters four rows along x into n cells of [4 bands][4 rows] bytes. Cell i is the sum over steps whose
	// samples start at offsets[i] of each row and advance bytes further each; every step loads 4·Step bytes. Weights
	// are [n][steps][Parts][Step / Packed][4] words, the last four the same.
	Horizontal func(dst *byte, rows *[4]*byte, offsets *int, n int, weights *uint32, steps, advance int, order *Order)
	// Vertical filters groups of cells along y into n bytes of each of four planes, which are plane bytes apart. Group j
	// starts at ring + offsets[j]. Weights are [groups][Parts][4 / Packed] words. n is a multiple of 16.
	Vertical func(dst *byte, plane int, ring *byte, offsets *int, groups int, weights *uint32, n int)
	// Orders are Horizontal's, by the bands of its rows.
	Orders [5]Order
}

// An Order brings the taps of each band in a step together: permute moves words of 32 bits to their lanes of 128 bits,
// where a kernel needs it, then shuffle moves bytes within their lanes, 0x80 being a zero.
type Order struct {
	shuffle [64]byte
	permute [16]uint32
}

// Levels are those that this machine has, the best first.
var Levels = machineLevels()

// Active is the level in use: nil where it is generic. That is the best that the processor has, or the best up to
// the one that the environment variable PAIRSTREAM_KERNEL names.
var Active = choose(os.Getenv("PAIRSTREAM_KERNEL"))

// choose returns the best level, but none above the named one. Names are those of the encoder's kernels.
func choose(name string) *Level {
	names := []string{"avx512vnni", "avx512", "avx2", "generic"}
	limit := 0
	if name != "" {
		if limit = slices.Index(names, name); limit < 0 {
			panic(fmt.Sprintf("pixels: PAIRSTREAM_KERNEL is %q, want one of %s", name, names))
		}
	}
	for _, l := range Levels {
		if slices.Index(names, l.Name) >= limit {
			return l
		}
	}
	return nil
}
