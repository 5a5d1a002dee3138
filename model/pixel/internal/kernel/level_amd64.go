package kernel

import "golang.org/x/sys/cpu"

// avx2 multiplies pairs of 16 bits: the upper bits of a weight and its lower 15.
var avx2 = Level{
	Name:   "avx2",
	Step:   4,
	Packed: 2,
	Parts:  2,
	Part: func(w []uint64, part int) uint32 {
		if part == 0 {
			return uint32(w[0]>>15)&0xffff | uint32(w[1]>>15)<<16
		}
		return uint32(w[0]&0x7fff) | uint32(w[1]&0x7fff)<<16
	},
	Horizontal: horizontalAVX2,
	Vertical:   verticalAVX2,
	Orders:     orders(pairs),
}

// avx512vnni multiplies four signed bytes with four samples: the lowest digit of a weight in base 256 comes first.
var avx512vnni = Level{
	Name:   "avx512vnni",
	Step:   16,
	Packed: 4,
	Parts:  3,
	Part: func(w []uint64, part int) (word uint32) {
		for i, v := range w[:4] {
			// Half the base on every digit makes them unsigned, and off again makes them signed.
			digit := byte((v+0x808080)>>(8*part)) - 0x80
			word |= uint32(digit) << (8 * i)
		}
		return word
	},
	Horizontal: horizontalVNNI,
	Vertical:   verticalVNNI,
	Orders:     orders(quads),
}

func machineLevels() (levels []*Level) {
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX512VNNI {
		levels = append(levels, &avx512vnni)
	}
	if x.HasAVX2 {
		levels = append(levels, &avx2)
	}
	return levels
}

func orders(of func(bands int) Order) (all [5]Order) {
	for bands := 1; bands < len(all); bands++ {
		all[bands] = of(bands)
	}
	return all
}

// pairs widens two taps of each band to a word, for both lanes of the same four taps.
func pairs(bands int) (o Order) {
	for i := range 32 {
		lane, band, tap := i/16, min(i/4%4, bands-1), i/2%2
		o.shuffle[i] = byte((2*lane+tap)*bands + band)
		if i%2 == 1 {
			o.shuffle[i] = 0x80
		}
	}
	return o
}

// quads brings four taps of each band to a word, for each lane's own four taps.
func quads(bands int) (o Order) {
	for i := range o.permute {
		lane, word := i/4, i%4
		o.permute[i] = uint32(lane*bands + min(word, bands-1))
	}
	for i := range o.shuffle {
		band, tap := min(i/4%4, bands-1), i%4
		o.shuffle[i] = byte(tap*bands + band)
	}
	return o
}

//go:noescape
func horizontalAVX2(dst *byte, rows *[4]*byte, offsets *int, n int, weights *uint32, steps, advance int, order *Order)

//go:noescape
func verticalAVX2(dst *byte, plane int, ring *byte, offsets *int, groups int, weights *uint32, n int)

//go:noescape
func horizontalVNNI(dst *byte, rows *[4]*byte, offsets *int, n int, weights *uint32, steps, advance int, order *Order)

//go:noescape
func verticalVNNI(dst *byte, plane int, ring *byte, offsets *int, groups int, weights *uint32, n int)
