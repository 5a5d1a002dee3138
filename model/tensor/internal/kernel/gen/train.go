package main

// derivative writes a function that computes dx = dy·f'(x); body finds f'(x) from x in v4 and leaves it in v0. v5 and v6
// hold the bounds of exp.
func (l *lanes) derivative(name, doc string, body func()) {
	l.function(name+l.suffix, doc, "dx []float32, dy []float32, x []float32", "")
	l.load("dx_base", "DI", "dy_base", "BX", "x_base", "AX", "x_len", "CX")
	l.fillConstant(float(-87), 5)
	l.fillConstant(float(88), 6)
	l.each([]string{"AX", "BX", "DI"}, func(tail bool) {
		l.read(mem{"AX", 0}, 4, tail)
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
		l.op("VMULPS", float(-1.702), vec(4), vec(0))
		l.exp(0, 1, 2, 3, 5, 6)
		l.fillConstant(float(1), 1)
		l.op("VADDPS", vec(0), vec(1), vec(2))
		l.op("VDIVPS", vec(2), vec(1), vec(3))
		l.op("VMULPS", vec(3), vec(0), vec(0)) // 1 - s, even where s is almost 1
		l.op("VMULPS", float(1.702), vec(4), vec(2))
		l.op("VFMADD213PS", vec(1), vec(2), vec(0))
		l.op("VMULPS", vec(3), vec(0), vec(0))
	})
	// Φ(x) + x·φ(x), with Φ as in gelu
	l.derivative("geluBackward", "computes dx = dy·(x·Φ(x))'.", func() {
		l.op("VMULPS", vec(4), vec(4), vec(0))
		l.op("VMULPS", float(-0.5), vec(0), vec(0))
		l.exp(0, 1, 2, 3, 5, 6)
		l.op("VMULPS", float(0.3989422804014327), vec(4), vec(1))
		l.op("VMULPS", vec(1), vec(0), vec(0))
		l.fillConstant(float(-normalEnd), 2)
		l.op("VMAXPS", vec(4), vec(2), vec(1)) // a NaN stays one
		l.fillConstant(float(normalEnd), 2)
		l.op("VMINPS", vec(1), vec(2), vec(1))
		l.op("VMULPS", vec(1), vec(1), vec(2))
		l.normal(3, 4, 2)
		l.fillConstant(float(0.5), 2)
		l.op("VFMADD213PS", vec(2), vec(1), vec(3))
		l.op("VADDPS", vec(3), vec(0), vec(0))
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
