package main

import "math"

// The kernels of losses over all pairs of a batch. A logit is scale·(hi + lo), or that with a bias, where hi + lo is the
// sum that addPair keeps; scale comes in two parts too, and multiplied by log₂e, so that e^logit = 2^n·2^f with an
// integer n that has no error and |f| ≤ ½ that has little. What lies below -1e30 counts as -1e30: nothing.

// addPair writes the addition of a vector to two that stand for an unrounded sum (Knuth's TwoSum).
func (l *lanes) addPair() {
	l.function("addPair"+l.suffix, "computes hi + lo += x, hi being the rounded sum and lo what was lost.",
		"hi []float32, lo []float32, x []float32", "")
	l.load("hi_base", "DI", "lo_base", "BX", "x_base", "AX", "x_len", "CX")
	const hi, lo, x, sum, part vec = 0, 1, 2, 3, 4
	l.each([]string{"AX", "BX", "DI"}, func(tail bool) {
		l.read(mem{"DI", 0}, hi, tail)
		l.read(mem{"BX", 0}, lo, tail)
		l.read(mem{"AX", 0}, x, tail)
		l.op("VADDPS", x, hi, sum)
		l.write(sum, mem{"DI", 0}, tail)
		l.twoSumError(hi, x, sum, part)
		l.op("VADDPS", hi, lo, lo)
		l.write(lo, mem{"BX", 0}, tail)
	})
	l.ret()
}

// twoSumError replaces a by a + b - sum, where sum is a + b rounded; b, sum and part are overwritten.
func (l *lanes) twoSumError(a, b, sum, part vec) {
	l.op("VSUBPS", a, sum, part)
	l.op("VSUBPS", part, b, b)
	l.op("VSUBPS", part, sum, sum)
	l.op("VSUBPS", sum, a, a)
	l.op("VADDPS", b, a, a)
}

// maxima writes the search for the greatest of a row and of each column.
func (l *lanes) maxima() {
	l.function("maxima"+l.suffix, "computes tops = max(tops, x) and returns the greatest of x; a NaN is not seen.",
		"tops []float32, x []float32", "top float32")
	l.load("tops_base", "DI", "x_base", "AX", "x_len", "CX")
	l.fillConstant(bits(0xff800000), 2)
	l.each([]string{"AX", "DI"}, func(tail bool) {
		if tail {
			l.fillConstant(bits(0xff800000), 0)
			l.readOver(mem{"AX", 0}, 0, 1)
		} else {
			l.read(mem{"AX", 0}, 0, false)
		}
		l.op("VMAXPS", vec(2), vec(0), vec(2)) // the first is taken where either is a NaN
		l.read(mem{"DI", 0}, 1, tail)
		l.op("VMAXPS", vec(1), vec(0), vec(1))
		l.write(1, mem{"DI", 0}, tail)
	})
	l.reduce("VMAXPS", 2, 0)
	l.ins("VMOVSS %s, %s", l.low(2), l.arg("top"))
	l.ret()
}

// exponent reads hi and lo and takes 2^(scale·(hi+lo) + bias) apart: n in v4, f in v3; hi is in v0, the rest is overwritten.
func (l *lanes) exponent(tail, bias bool) {
	const hi, lo, product, n vec = 0, 1, 3, 4
	l.read(mem{"AX", 0}, hi, tail)
	l.read(mem{"BX", 0}, lo, tail)
	l.fillConstant(float(-1e30), 2)
	l.op("VMAXPS", hi, vec(2), hi)
	l.fill(l.arg("scale"), 2)
	l.op("VMULPS", vec(2), hi, product)
	l.op("VMULPS", vec(2), lo, lo)
	l.move(product, n)
	l.op("VFMSUB231PS", vec(2), hi, n) // what rounding the product lost
	l.op("VADDPS", n, lo, lo)
	l.fill(l.arg("rest"), 2)
	l.op("VFMADD231PS", vec(2), hi, lo)
	if bias {
		l.fill(l.arg("bias"), 2)
		l.op("VADDPS", vec(2), product, n)
		l.move(n, 5)
		l.twoSumError(product, 2, 5, 6)
		l.op("VADDPS", product, lo, lo)
		l.fill(l.arg("biasRest"), 2)
		l.op("VADDPS", vec(2), lo, lo)
		l.move(n, product)
	}
	l.move(product, n)
	l.round(n)
	l.op("VSUBPS", n, product, product)
	l.op("VADDPS", lo, product, product)
	l.fillConstant(float(-1), 2) // lo is large where hi is -1e30
	l.op("VMAXPS", product, vec(2), product)
	l.fillConstant(float(1), 2)
	l.op("VMINPS", product, vec(2), product)
}

// integerPower replaces v, an integer up to 128, by 2^v; from -127 down that is 0, and of 128 it is infinity.
func (l *lanes) integerPower(v vec) {
	l.op("VMAXPS", float(-127), v, v)
	l.op("VCVTPS2DQ", v, v)
	l.op("VPADDD", bits(127), v, v)
	l.op("VPSLLD", "$23", v, v)
}

const logits = "hi []float32, lo []float32, scale float32, rest float32"

// addExp writes the sums of exponentials of a row and of each column.
func (l *lanes) addExp() {
	l.function("addExp"+l.suffix, "computes sums += 2^(logit-tops) and returns the sum of 2^(logit-top), logits being scale·(hi+lo), and tops integers.",
		"sums []float32, tops []float32, "+logits+", top float32", "sum float32")
	l.load("sums_base", "DI", "tops_base", "DX", "hi_base", "AX", "lo_base", "BX", "hi_len", "CX")
	const n, e, sum vec = 4, 5, 6
	l.zero(sum)
	l.each([]string{"AX", "BX", "DI", "DX"}, func(tail bool) {
		l.exponent(tail, false)
		l.exp2(e, 3)
		l.fill(l.arg("top"), 1)
		l.op("VSUBPS", vec(1), n, vec(0))
		l.integerPower(0)
		l.op("VMULPS", e, vec(0), vec(0))
		if tail {
			l.keep(0)
		}
		l.op("VADDPS", vec(0), sum, sum)
		l.read(mem{"DX", 0}, 1, tail)
		l.op("VSUBPS", vec(1), n, vec(0))
		l.integerPower(0)
		l.read(mem{"DI", 0}, 1, tail)
		l.op("VFMADD231PS", e, vec(0), vec(1))
		l.write(1, mem{"DI", 0}, tail)
	})
	l.reduce("VADDPS", sum, 0)
	l.ins("VMOVSS %s, %s", l.low(sum), l.arg("sum"))
	l.ret()
}

// shares writes the gradient of the logarithms of such sums.
func (l *lanes) shares() {
	l.function("shares"+l.suffix, "computes g = weight·2^(logit-top) + weights·2^(logit-tops) and returns the sum of g·hi.",
		"g []float32, tops []float32, weights []float32, "+logits+", top float32, weight float32", "slope float32")
	l.load("g_base", "DI", "tops_base", "DX", "weights_base", "SI", "hi_base", "AX", "lo_base", "BX", "hi_len", "CX")
	const hi, n, e, slope vec = 0, 4, 5, 6
	l.zero(slope)
	l.each([]string{"AX", "BX", "DI", "DX", "SI"}, func(tail bool) {
		l.exponent(tail, false)
		l.exp2(e, 3)
		l.fill(l.arg("top"), 2)
		l.op("VSUBPS", vec(2), n, vec(1))
		l.integerPower(1)
		l.fill(l.arg("weight"), 2)
		l.op("VMULPS", vec(2), vec(1), vec(1))
		l.read(mem{"DX", 0}, 2, tail)
		l.op("VSUBPS", vec(2), n, vec(2))
		l.integerPower(2)
		l.read(mem{"SI", 0}, 3, tail)
		l.op("VFMADD231PS", vec(2), vec(3), vec(1))
		l.op("VMULPS", e, vec(1), vec(1))
		l.write(1, mem{"DI", 0}, tail)
		l.op("VFMADD231PS", vec(1), hi, slope)
	})
	l.reduce("VADDPS", slope, 0)
	l.ins("VMOVSS %s, %s", l.low(slope), l.arg("slope"))
	l.ret()
}

// softplus writes the sum of the logarithms of 1 + e^logit.
func (l *lanes) softplus() {
	l.function("softplus"+l.suffix, "adds ln(1 + 2^logit), logits being scale·(hi+lo) + bias, to sums, column i to sum i mod 16.",
		"sums []float32, "+logits+", bias float32, biasRest float32", "")
	l.load("sums_base", "DI", "hi_base", "AX", "lo_base", "BX", "hi_len", "CX")
	xor, clear := "VPXOR", "VPANDN"
	if l.wide {
		xor, clear = "VPXORD", "VPANDND"
	}
	l.each([]string{"AX", "BX"}, func(tail bool) {
		l.exponent(tail, true)
		// With z = 2^-|logit|, it is ln(1+z), and ln(2^logit) more where the logit is positive.
		const f, n, sign vec = 3, 4, 6
		l.op("VADDPS", f, n, vec(0))
		l.op("VMULPS", float(math.Ln2), vec(0), vec(0))
		l.op("VPSRAD", "$31", n, sign)
		l.op(clear, vec(0), sign, vec(0))
		l.fillConstant(bits(0x80000000), 1)
		l.op(clear, vec(1), sign, sign)
		l.op(xor, sign, n, n)
		l.op(xor, sign, f, f)
		l.exp2(5, f)
		l.integerPower(n)
		l.op("VMULPS", n, vec(5), vec(5))
		// ln(1+z) = 2·artanh(s) with s = z/(2+z) ≤ ⅓, by its series up to s¹³.
		l.op("VADDPS", float(2), vec(5), vec(1))
		l.op("VDIVPS", vec(1), vec(5), vec(5))
		l.op("VMULPS", vec(5), vec(5), vec(1))
		l.horner(2, 1, 2./13, 2./11, 2./9, 2./7, 2./5, 2./3, 2)
		l.op("VFMADD231PS", vec(2), vec(5), vec(0))
		if tail {
			l.keep(0)
		}
		l.addTo(mem{"DI", 0}, 0, 1)
	})
	l.ret()
}

// addTo adds v to what is in memory; t is overwritten.
func (l *lanes) addTo(m mem, v, t vec) {
	l.read(m, t, false)
	l.op("VADDPS", v, t, t)
	l.write(t, m, false)
}

// logistic writes the gradient of softplus.
func (l *lanes) logistic() {
	l.function("logistic"+l.suffix, "computes g = weight/(1 + 2^-logit), and adds g and g·hi to the first and the last 16 sums, column by column mod 16.",
		"sums []float32, g []float32, "+logits+", bias float32, biasRest float32, weight float32", "")
	l.load("sums_base", "SI", "g_base", "DI", "hi_base", "AX", "lo_base", "BX", "hi_len", "CX")
	xor := "VPXOR"
	if l.wide {
		xor = "VPXORD"
	}
	l.each([]string{"AX", "BX", "DI"}, func(tail bool) {
		l.exponent(tail, true)
		const hi, f, n vec = 0, 3, 4
		l.fillConstant(bits(0x80000000), 6)
		l.op(xor, vec(6), n, n)
		l.op(xor, vec(6), f, f)
		l.exp2(5, f)
		l.op("VMINPS", float(128), n, n)
		l.integerPower(n)
		l.fillConstant(float(1), 1)
		l.op("VFMADD213PS", vec(1), n, vec(5))
		l.fill(l.arg("weight"), 2)
		l.op("VDIVPS", vec(5), vec(2), vec(5))
		if tail {
			l.keep(5)
		}
		l.write(5, mem{"DI", 0}, tail)
		l.op("VMULPS", vec(5), hi, hi)
		l.addTo(mem{"SI", 0}, 5, 1)
		l.addTo(mem{"SI", 64}, hi, 1)
	})
	l.ret()
}
