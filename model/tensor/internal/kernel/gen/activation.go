package main

// exp replaces v by its exponential within about one unit in the last place; n, p and s are overwritten. low and
// high hold -87 and 88, between which v is clamped; a NaN stays one. The polynomial is that of Cephes' expf, on
// |r| ≤ ln2/2 after v = n·ln2 + r, with ln2 in two parts.
func (l *lanes) exp(v, n, p, s, low, high vec) {
	l.op("VMAXPS", v, low, v)
	l.op("VMINPS", v, high, v)
	l.op("VMULPS", float(1.44269504088896341), v, n)
	l.round(n)
	l.op("VFNMADD231PS", float(0.693359375), n, v)
	l.op("VFNMADD231PS", float(-2.12194440e-4), n, v)
	l.horner(p, v, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	l.op("VMULPS", v, v, s)
	l.op("VFMADD213PS", v, s, p)
	l.op("VADDPS", float(1), p, v)
	if l.wide {
		l.op("VSCALEFPS", n, v, v)
		return
	}
	l.op("VCVTPS2DQ", n, n)
	l.op("VPSLLD", "$23", n, n)
	l.op("VPADDD", n, v, v)
}

// round rounds to the nearest integer, halves to even.
func (l *lanes) round(v vec) {
	if l.wide {
		l.op("VRNDSCALEPS", "$0", v, v)
		return
	}
	l.op("VROUNDPS", "$0", v, v)
}

// horner sets p to the polynomial in x with these coefficients, the highest power's first.
func (l *lanes) horner(p, x vec, coefficients ...float64) {
	if l.arm {
		l.neonHorner(p, x, coefficients)
		return
	}
	l.fillConstant(float(coefficients[0]), p)
	for _, c := range coefficients[1:] {
		l.op("VFMADD213PS", float(c), x, p)
	}
}

// elementwise writes a function that computes rows of y from rows of x, value by value: the body finds x in v0 and leaves
// the result there; low and high go to v5 and v6.
func (l *lanes) elementwise(name, doc string, low, high float64, body func()) {
	l.function(name+l.suffix, doc, "y []float32, ldy int, x []float32, ldx int, rows int, cols int", "")
	l.load("y_base", "DI", "ldy", "SI", "x_base", "AX", "ldx", "R8", "rows", "BX", "cols", "DX")
	l.fillConstant(float(low), 5)
	l.fillConstant(float(high), 6)
	l.ins("MOVQ DX, CX")
	l.ins("ANDQ $-16, CX") // how far a row moves the pointers
	for _, stride := range []string{"SI", "R8"} {
		l.ins("SUBQ CX, %s", stride)
		l.ins("SHLQ $2, %s", stride)
	}
	row := l.fresh("row")
	l.label(row)
	l.ins("MOVQ DX, CX")
	l.each([]string{"AX", "DI"}, func(tail bool) {
		l.read(mem{"AX", 0}, 0, tail)
		body()
		l.write(0, mem{"DI", 0}, tail)
	})
	l.ins("ADDQ SI, DI")
	l.ins("ADDQ R8, AX")
	l.ins("DECQ BX")
	l.ins("JNZ %s", row)
	l.ret()
}

func (l *lanes) activations() {
	// sigmoid multiplies v0 by the logistic function of -v1.
	sigmoid := func() {
		l.exp(1, 2, 3, 4, 5, 6)
		l.op("VADDPS", float(1), vec(1), vec(1))
		l.op("VDIVPS", vec(1), vec(0), vec(0))
	}
	l.elementwise("relu", "computes max(x, 0).", 0, 0, func() { l.op("VMAXPS", vec(0), vec(5), vec(0)) })
	l.elementwise("quickGELU", "computes x·sigmoid(1.702·x).", -87, 88, func() {
		l.op("VMULPS", float(-1.702), vec(0), vec(1))
		sigmoid()
	})
	// 0.5·(1 + tanh(u)) is sigmoid(2u).
	l.elementwise("tanhGELU", "computes GELU by its tanh approximation.", -87, 88, func() {
		const slope = -1.5957691216057308 // -2·√(2/π)
		l.op("VMULPS", vec(0), vec(0), vec(1))
		l.horner(2, 1, slope*0.044715, slope)
		l.op("VMULPS", vec(2), vec(0), vec(1))
		sigmoid()
	})
	l.elementwise("gelu", "computes x·Φ(x).", -normalEnd, normalEnd, func() {
		l.op("VMAXPS", vec(0), vec(5), vec(1))
		l.op("VMINPS", vec(1), vec(6), vec(1))
		l.op("VMULPS", vec(1), vec(1), vec(2))
		l.normal(3, 4, 2)
		l.fillConstant(float(0.5), 2)
		l.op("VFMADD213PS", vec(2), vec(1), vec(3))
		l.op("VMULPS", vec(3), vec(0), vec(0))
	})
}

// normalEnd is from where on the normal distribution is 1 to 1e-8.
const normalEnd = 5.6

// normal sets v to (Φ(x) - ½)/x, given x² and |x| ≤ normalEnd; q is overwritten. The fraction was fitted for the least error
// of x·Φ(x), which is 1e-8 before rounding.
func (l *lanes) normal(v, q, squared vec) {
	l.horner(v, squared, 2.20901841e-08, 6.39845043e-06, 1.76564338e-04, 4.72345542e-03, 3.46182161e-02, 3.98942146e-01)
	l.horner(q, squared, 1.18178031e-06, 7.61039678e-05, 1.92790481e-03, 2.90824724e-02, 2.53440079e-01, 1)
	l.op("VDIVPS", q, v, v)
}
