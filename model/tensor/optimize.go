package tensor

import "github.com/pairstream/pairstream/model/tensor/internal/kernel"

// AdamW moves parameters p by their gradients g, and the running means m of g and v of its square, all of one length:
//
//	m += rate1·(g - m)
//	v = v·beta2 + rate2·g²
//	p = p·keep - size·m / (√v/root + epsilon)
func AdamW(p, m, v, g []float32, keep, size, rate1, beta2, rate2, root, epsilon float32) {
	kernel.AdamW(p, m, v, g, keep, size, rate1, beta2, rate2, root, epsilon)
}
