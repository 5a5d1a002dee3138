package main

import "math"

// derivative writes a function that computes dx = dy·f'(x); body finds f'(x) from x in v1 and leaves it in v0.
func (l *lanes) derivative(name, doc string, body func()) {
	l.function(name+l.suffix, doc, "dx []float32, dy []float32, x []float32", "")
	l.load("dx_base", "DI", "dy_base", "BX", "x_base", "AX", "x_len", "CX")
	l.each([]string{"AX", "BX", "DI"}, func(tail bool) {
		l.read(mem{"AX", 0}, 1, tail)
		body()
		l.read(mem{"BX", 0}, 1, tail)
		l.op("VMULPS", vec(1), vec(0), vec(0))
		l.write(0, mem{"DI", 0}, tail)
	})
	l.ret()
}

func (l *lanes) derivatives() {
	// s·(1 + 1.702·x·(1-s)) with s = sigmoid(1.702·x)
	l.derivative("quickGELUBackward", "computes dx = dy·(x·sigmoid(1.702·x))'.", func() {
		const x, e, s vec = 1, 0, 3
		l.op("VMULPS", float(-1.702*math.Log2E), x, e)
		l.power(e, 2, 3)
		l.fillConstant(float(1), 4)
		l.op("VADDPS", e, vec(4), vec(2))
		l.op("VDIVPS", vec(2), vec(4), s)
		l.op("VMULPS", s, e, vec(0)) // 1 - s, even where s is almost 1
		l.op("VMULPS", float(1.702), x, vec(2))
		l.op("VFMADD213PS", vec(4), vec(2), vec(0))
		l.op("VMULPS", s, vec(0), vec(0))
	})
	// Φ(x) + x·φ(x), with Φ as in gelu
	l.derivative("geluBackward", "computes dx = dy·(x·Φ(x))'.", func() {
		const x, density vec = 1, 0
		l.op("VMULPS", x, x, density)
		l.op("VMULPS", float(-0.5*math.Log2E), density, density)
		l.power(density, 2, 3)
		l.op("VMULPS", float(0.3989422804014327), x, vec(2)) // 1/√(2π)
		l.op("VMULPS", vec(2), density, density)
		l.normal(3, x)
		l.fillConstant(float(0.5), 2)
		l.op("VFMADD213PS", vec(2), x, vec(3))
		l.op("VADDPS", vec(3), density, vec(0))
	})
}

// adamW writes a step of the optimiser. It rounds each operation, as the Go code does.
func (l *lanes) adamW() {
	l.function("adamW"+l.suffix, "moves p by its gradient g, and the running means m of g and v of its square.",
		"p []float32, m []float32, v []float32, g []float32, keep float32, size float32, rate1 float32, beta2 float32, rate2 float32, root float32, epsilon float32", "")
	l.load("p_base", "DI", "m_base", "BX", "v_base", "DX", "g_base", "AX", "g_len", "CX")
	times := func(arg string, v vec) {
		l.fill(l.arg(arg), 6)
		l.op("VMULPS", vec(6), v, v)
	}
	l.each([]string{"AX", "BX", "DX", "DI"}, func(tail bool) {
		const g, m, v, t, p vec = 0, 1, 2, 3, 4
		l.read(mem{"AX", 0}, g, tail)
		l.read(mem{"BX", 0}, m, tail)
		l.read(mem{"DX", 0}, v, tail)
		l.read(mem{"DI", 0}, p, tail)
		l.op("VSUBPS", m, g, t)
		times("rate1", t)
		l.op("VADDPS", t, m, m)
		l.write(m, mem{"BX", 0}, tail)
		l.op("VMULPS", g, g, g)
		times("rate2", g)
		times("beta2", v)
		l.op("VADDPS", g, v, v)
		l.write(v, mem{"DX", 0}, tail)
		l.op("VSQRTPS", v, v)
		l.fill(l.arg("root"), 6)
		l.op("VDIVPS", vec(6), v, v)
		l.fill(l.arg("epsilon"), 6)
		l.op("VADDPS", vec(6), v, v)
		times("size", m)
		l.op("VDIVPS", v, m, m)
		times("keep", p)
		l.op("VSUBPS", m, p, p)
		l.write(p, mem{"DI", 0}, tail)
	})
	l.ret()
}
