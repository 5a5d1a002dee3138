package kernel

import "math"

// Backward computes dx = dy·f'(x) for an activation f, of one length; dx may be dy. It panics for one that nothing is
// trained with.
func (a Activation) Backward(dx, dy, x []float32) {
	f := active.derivatives[a]
	if f == nil {
		panic("kernel: activation without a derivative")
	}
	f(dx[:len(x)], dy[:len(x)], x)
}

func quickGELUBackward(dx, dy, x []float32) {
	for i, v := range x {
		v := float64(v)
		s := 1 / (1 + math.Exp(-1.702*v))
		dx[i] = float32(float64(dy[i]) * s * (1 + 1.702*v*(1-s)))
	}
}

func geluBackward(dx, dy, x []float32) {
	for i, v := range x {
		v := float64(v)
		below, density := 0.5*math.Erfc(-v/math.Sqrt2), math.Exp(-v*v/2)/math.Sqrt(2*math.Pi)
		dx[i] = float32(float64(dy[i]) * (below + v*density))
	}
}

// AdamW moves parameters p by their gradients g, and the running means m of g and v of its square, all of one length:
//
//	m += rate1·(g - m)
//	v = v·beta2 + rate2·g²
//	p = p·keep - size·m / (√v/root + epsilon)
//
// Each operation is rounded, so that all levels have the same bits.
func AdamW(p, m, v, g []float32, keep, size, rate1, beta2, rate2, root, epsilon float32) {
	n := len(g)
	active.adamW(p[:n], m[:n], v[:n], g, keep, size, rate1, beta2, rate2, root, epsilon)
}

func adamW(p, m, v, g []float32, keep, size, rate1, beta2, rate2, root, epsilon float32) {
	for i, g := range g {
		m[i] += float32(rate1 * (g - m[i]))
		v[i] = float32(v[i]*beta2) + float32(rate2*float32(g*g))
		p[i] = float32(p[i]*keep) - float32(size*m[i])/(float32(math.Sqrt(float64(v[i])))/root+epsilon)
	}
}
