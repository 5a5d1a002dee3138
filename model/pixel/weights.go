package pixel

import "math"

// precision is the number of fraction bits of a weight, Pillow's for 8-bit samples.
const precision = 22

// axis holds the filter along one side: result i is the sum over j of weight[i·taps+j] · sample[first[i]+j].
type axis struct {
	first  []int
	count  []int    // how many taps of result i are not padding
	weight []uint64 // fixed point, in two's complement; zero behind count
	taps   int      // a multiple of unroll
	lo, hi int      // the samples that the results need, [lo, hi)

	exact []float64 // the weights of one result before rounding
}

// build prepares results from…from+n of a resize to out samples of the first span of in samples. The arithmetic
// is Pillow's, operation by operation; float64(…) keeps products from being fused with the sum behind them.
func (a *axis) build(in int, span float64, out, from, n int) {
	scale := span / float64(out)
	stretch := max(scale, 1)
	const support = 2
	reach := support * stretch
	a.taps = (int(math.Ceil(reach))*2 + 1 + unroll - 1) / unroll * unroll
	a.first = grow(a.first, n)
	a.count = grow(a.count, n)
	a.weight = grow(a.weight, n*a.taps)
	clear(a.weight)
	a.exact = grow(a.exact, a.taps)
	inverse := 1 / stretch
	for i := range n {
		centre := float64((float64(from+i) + 0.5) * scale)
		first := max(0, int(centre-reach+0.5))
		count := min(in, int(centre+reach+0.5)) - first
		a.first[i], a.count[i] = first, count
		exact := a.exact[:count]
		var sum float64
		for j := range exact {
			exact[j] = cubic(float64((float64(j+first) - centre + 0.5) * inverse))
			sum += exact[j]
		}
		weight := a.weight[i*a.taps:]
		for j, w := range exact {
			if sum != 0 {
				w /= sum
			}
			round := 0.5
			if w < 0 {
				round = -0.5
			}
			weight[j] = uint64(int64(float64(w*(1<<precision)) + round))
		}
	}
	a.lo, a.hi = a.first[0], a.first[n-1]+a.count[n-1]
}

// shift counts the samples from n on.
func (a *axis) shift(n int) {
	if n == 0 {
		return
	}
	for i := range a.first {
		a.first[i] -= n
	}
	a.lo, a.hi = a.lo-n, a.hi-n
}

// cubic is the Keys kernel with a = −0.5.
func cubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64(float64((float64((a+2)*x)-(a+3))*x)*x) + 1
	case x < 2:
		return (float64((float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}

// grow returns s with length n, reallocated only to grow. Its elements are anything.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// of returns the weights of result i, without padding.
func (a *axis) of(i int) []uint64 { return a.weight[i*a.taps:][:a.count[i]] }
