package main

import "math"

// layerNorm writes the normalisation of one row.
func (l *lanes) layerNorm() {
	l.function("layerNorm"+l.suffix, "brings a row to mean 0 and variance 1, scales and shifts it.",
		"y []float32, x []float32, weight []float32, bias []float32, epsilon float32", "")
	const mean, scale, other vec = 5, 6, 4
	begin := func() { l.load("x_base", "AX", "x_len", "CX") }
	// average divides the sum over v's lanes by the length.
	average := func(v vec) {
		l.reduce("VADDPS", v, 1)
		l.load("x_len", "CX")
		l.fillLength(1)
		l.op("VDIVPS", vec(1), v, v)
	}
	// sum adds up what add adds of a vector, in turn to two sums, so that one need not wait for the other.
	sum := func(sum vec, add func(offset int, tail bool, sum vec)) {
		begin()
		l.zero(sum)
		l.zero(other)
		l.loop([]string{"AX"}, 32, func() {
			add(0, false, sum)
			add(64, false, other)
		})
		l.each([]string{"AX"}, func(tail bool) { add(0, tail, sum) })
		l.op("VADDPS", other, sum, sum)
		average(sum)
	}
	sum(mean, func(offset int, tail bool, sum vec) {
		l.read(mem{"AX", offset}, 0, tail)
		l.op("VADDPS", vec(0), sum, sum)
	})
	sum(scale, func(offset int, tail bool, sum vec) {
		l.read(mem{"AX", offset}, 0, tail)
		l.op("VSUBPS", mean, vec(0), vec(0))
		if tail {
			l.keep(0)
		}
		l.op("VFMADD231PS", vec(0), vec(0), sum)
	})
	l.fill(l.arg("epsilon"), 0)
	l.op("VADDPS", vec(0), scale, scale)
	l.op("VSQRTPS", scale, scale)
	l.fillConstant(float(1), 0)
	l.op("VDIVPS", scale, vec(0), scale)
	begin()
	l.load("y_base", "DI", "weight_base", "BX", "bias_base", "DX")
	l.each([]string{"AX", "DI", "BX", "DX"}, func(tail bool) {
		l.read(mem{"AX", 0}, 0, tail)
		l.op("VSUBPS", mean, vec(0), vec(0))
		l.op("VMULPS", scale, vec(0), vec(0))
		l.read(mem{"BX", 0}, 1, tail)
		l.read(mem{"DX", 0}, 2, tail)
		l.op("VFMADD213PS", vec(2), vec(1), vec(0))
		l.write(0, mem{"DI", 0}, tail)
	})
	l.ret()
}

// softmax writes the softmax of a row in place.
func (l *lanes) softmax() {
	l.function("softmax"+l.suffix, "replaces the first n of x by their softmax at a scale, the rest by zeros; len(x) is a multiple of 16.",
		"x []float32, n int, scale float32", "")
	const top, sum, factor vec = 3, 4, 5
	begin := func(count string) { l.load("x_base", "AX", count, "CX") }
	begin("n")
	l.fillConstant(bits(0xff800000), top)
	l.each([]string{"AX"}, func(tail bool) {
		switch {
		case tail && l.arm: // the row is padded
			l.read(mem{"AX", 0}, 0, false)
			l.neonMasked(func(q int) { l.vector("bif", quarter(0, q), quarter(top, q), tempMask) })
		case tail:
			l.move(top, 0)
			l.readOver(mem{"AX", 0}, 0, 1)
		default:
			l.read(mem{"AX", 0}, 0, false)
		}
		l.op("VMAXPS", vec(0), top, top)
	})
	l.reduce("VMAXPS", top, 0)
	begin("n")
	l.fill(l.arg("scale"), factor)
	l.op("VMULPS", float(math.Log2E), factor, factor)
	l.zero(sum)
	l.each([]string{"AX"}, func(tail bool) {
		l.read(mem{"AX", 0}, 0, tail && !l.arm)
		l.op("VSUBPS", top, vec(0), vec(0))
		l.op("VMULPS", factor, vec(0), vec(0))
		l.power(0, 1, 2)
		if tail {
			l.keep(0)
		}
		l.op("VADDPS", vec(0), sum, sum)
		l.write(0, mem{"AX", 0}, false)
		if tail {
			l.ins("ADDQ $64, AX")
		}
	})
	l.reduce("VADDPS", sum, 0)
	l.fillConstant(float(1), 0)
	l.op("VDIVPS", sum, vec(0), sum)

	// AX stands behind the last block with values in it: zeros from there on.
	l.load("x_base", "DI", "x_len", "CX")
	l.ins("LEAQ (DI)(CX*4), CX")
	l.zero(0)
	zeros, zeroed := l.fresh("zeros"), l.fresh("zeroed")
	l.label(zeros)
	l.ins("CMPQ AX, CX")
	l.ins("JGE %s", zeroed)
	l.write(0, mem{"AX", 0}, false)
	l.ins("ADDQ $64, AX")
	l.ins("JMP %s", zeros)
	l.label(zeroed)
	begin("n")
	l.each([]string{"AX"}, func(tail bool) {
		l.read(mem{"AX", 0}, 0, false)
		l.op("VMULPS", sum, vec(0), vec(0))
		l.write(0, mem{"AX", 0}, false)
	})
	l.ret()
}

// extent writes the search for a row's least, greatest and furthest values.
func (l *lanes) extent() {
	l.function("extent"+l.suffix, "returns the least and the greatest of x and 0, and the bits of the greatest magnitude, a NaN's being above all.",
		"x []float32", "low float32, high float32, magnitude int32")
	l.load("x_base", "AX", "x_len", "CX")
	for v := range vec(3) {
		l.zero(v)
	}
	and := "VPAND"
	if l.wide {
		and = "VPANDD"
	}
	l.each([]string{"AX"}, func(tail bool) {
		l.read(mem{"AX", 0}, 3, tail)
		l.op("VMINPS", vec(3), vec(0), vec(0))
		l.op("VMAXPS", vec(3), vec(1), vec(1))
		l.op(and, bits(0x7fffffff), vec(3), vec(3))
		l.op("VPMAXSD", vec(3), vec(2), vec(2))
	})
	for i, r := range []struct{ op, result string }{{"VMINPS", "low"}, {"VMAXPS", "high"}, {"VPMAXSD", "magnitude"}} {
		l.reduce(r.op, vec(i), 3)
		l.ins("VMOVSS %s, %s", l.low(vec(i)), l.arg(r.result))
	}
	l.ret()
}

// quantise writes the rounding of a row to integers: of 16 bits, or of 8 above a zero point where there is VNNI.
// Whole blocks of 16 are written, with what 0 gives beyond the row.
func (l *lanes) quantise(eight bool) {
	name, arguments := "quantise16", "dst []int16, x []float32, scale float32, low float32, high float32"
	doc := "rounds scale·x to even and clamps it; it writes whole blocks of 16."
	if eight {
		name, arguments = "quantise8", "dst []uint8, x []float32, scale float32, low float32, high float32, zero int32"
		doc = "rounds scale·x to even, clamps it and adds zero; it writes whole blocks of 16."
	}
	l.function(name+l.suffix, doc, arguments, "")
	l.load("dst_base", "DI", "x_base", "AX", "x_len", "CX")
	l.fill(l.arg("scale"), 4)
	l.fill(l.arg("low"), 5)
	l.fill(l.arg("high"), 6)
	if eight {
		l.fill(l.arg("zero"), 3)
	}
	l.each([]string{"AX"}, func(tail bool) {
		l.read(mem{"AX", 0}, 0, tail)
		l.op("VMULPS", vec(4), vec(0), vec(0))
		l.op("VMAXPS", vec(5), vec(0), vec(0))
		l.op("VMINPS", vec(6), vec(0), vec(0))
		l.op("VCVTPS2DQ", vec(0), vec(0))
		switch {
		case l.arm:
			l.neonQuantised(eight)
			return
		case eight:
			l.op("VPADDD", vec(3), vec(0), vec(0))
			l.ins("VPMOVDB Z0, X0")
			l.ins("VMOVDQU X0, (DI)")
			l.ins("ADDQ $16, DI")
			return
		case l.wide:
			l.ins("VPMOVSDW Z0, Y0")
		default:
			l.ins("VPACKSSDW Y1, Y0, Y0")
			l.ins("VPERMQ $0xd8, Y0, Y0")
		}
		l.ins("VMOVDQU Y0, (DI)")
		l.ins("ADDQ $32, DI")
	})
	l.ret()
}
