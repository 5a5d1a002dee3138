package main

import "math"

// exp2 sets v to 2^f for |f| ≤ ½, 3e-9 from it at most before rounding: the polynomial of degree 6 that is best with
// coefficients of float32, fitted by Lawson's weights.
func (l *lanes) exp2(v, f vec) {
	l.horner(v, f, 1.5326472931e-4, 1.3390806271e-3, 9.6185058355e-3, 5.5503599346e-2, 2.4022647738e-1, 6.9314718246e-1, 1)
}

// lowest and highest are the bounds of powers, which are normal numbers there.
const lowest, highest = -126, 127

// power replaces v by 2^v, between lowest and highest; a NaN stays one. n and p are overwritten.
func (l *lanes) power(v, n, p vec) {
	l.clamp(v, lowest, highest, n)
	l.move(v, n)
	l.round(n)
	l.op("VSUBPS", n, v, v)
	l.exp2(p, v)
	if l.wide {
		l.op("VSCALEFPS", n, p, v)
		return
	}
	l.op("VCVTPS2DQ", n, n)
	l.op("VPSLLD", "$23", n, n)
	l.op("VPADDD", n, p, v)
}

// clamp brings v between two bounds; a NaN stays one. t is overwritten.
func (l *lanes) clamp(v vec, low, high float64, t vec) {
	l.fillConstant(float(low), t)
	l.op("VMAXPS", v, t, v)
	l.fillConstant(float(high), t)
	l.op("VMINPS", v, t, v)
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
// the result there.
func (l *lanes) elementwise(name, doc string, body func()) {
	l.function(name+l.suffix, doc, "y []float32, ldy int, x []float32, ldx int, rows int, cols int", "")
	l.load("y_base", "DI", "ldy", "SI", "x_base", "AX", "ldx", "R8", "rows", "BX", "cols", "DX")
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
	// sigmoid multiplies v0 by 1/(1 + 2^v1).
	sigmoid := func() {
		l.power(1, 2, 3)
		l.op("VADDPS", float(1), vec(1), vec(1))
		l.op("VDIVPS", vec(1), vec(0), vec(0))
	}
	l.elementwise("relu", "computes max(x, 0).", func() {
		l.zero(1)
		l.op("VMAXPS", vec(0), vec(1), vec(0))
	})
	l.elementwise("quickGELU", "computes x·sigmoid(1.702·x).", func() {
		l.op("VMULPS", float(-1.702*math.Log2E), vec(0), vec(1))
		sigmoid()
	})
	// 0.5·(1 + tanh(u)) is sigmoid(2u).
	l.elementwise("tanhGELU", "computes GELU by its tanh approximation.", func() {
		const slope = -2 * math.Log2E * 0.7978845608028654 // √(2/π)
		l.op("VMULPS", vec(0), vec(0), vec(1))
		l.horner(2, 1, slope*0.044715, slope)
		l.op("VMULPS", vec(2), vec(0), vec(1))
		sigmoid()
	})
	l.elementwise("gelu", "computes x·Φ(x).", func() {
		l.move(0, 1)
		l.normal(3, 1)
		l.fillConstant(float(0.5), 2)
		l.op("VFMADD213PS", vec(2), vec(1), vec(3))
		l.op("VMULPS", vec(3), vec(0), vec(0))
	})
}

// normal clamps x to where the normal distribution is not yet 0 or 1, and sets v to (Φ(x) - ½)/x; v4 and v5 are
// overwritten. The fraction was fitted for the least error of x·Φ(x), which is 1e-8 before rounding.
func (l *lanes) normal(v, x vec) {
	const end = 5.6
	const squared, q vec = 4, 5
	l.clamp(x, -end, end, squared)
	l.op("VMULPS", x, x, squared)
	l.horner(v, squared, 2.20901841e-08, 6.39845043e-06, 1.76564338e-04, 4.72345542e-03, 3.46182161e-02, 3.98942146e-01)
	l.horner(q, squared, 1.18178031e-06, 7.61039678e-05, 1.92790481e-03, 2.90824724e-02, 2.53440079e-01, 1)
	l.op("VDIVPS", q, v, v)
}
