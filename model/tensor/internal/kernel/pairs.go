package kernel

import "math"

// Pairs are the kernels of losses over all pairs of a batch, on one row of a tile of logits at a time. A logit, in units
// of ln 2, is Scale·(hi + lo) + Bias, with a hi from -1e30 on: that or less is nothing.
type Pairs struct {
	scale, scaleRest float32
	bias, biasRest   float32
}

// NewPairs makes the kernels for logits scale·(hi + lo) + bias, in units of 1.
func NewPairs(scale, bias float64) Pairs {
	var p Pairs
	p.scale, p.scaleRest = two(scale * math.Log2E)
	p.bias, p.biasRest = two(bias * math.Log2E)
	return p
}

// two rounds v to the sum of two float32.
func two(v float64) (hi, lo float32) {
	hi = float32(v)
	return hi, float32(v - float64(hi))
}

// Top returns what the kernels subtract from logits for a greatest hi of top: an integer that none exceeds by more than
// ½. It takes no account of the bias.
func (p Pairs) Top(top float32) float32 {
	return float32(math.RoundToEven(float64(max(top, nothing) * p.scale)))
}

// Maxima computes tops = max(tops, hi) and returns the greatest hi. A NaN is not seen.
func Maxima(tops, hi []float32) (top float32) { return active.maxima(tops[:len(hi)], hi) }

// AddExp adds 2^(logit-tops), column by column, to sums, and returns the sum of 2^(logit-top). top and tops are Top's of
// all that a row and a column have, and without Bias.
func (p Pairs) AddExp(sums, tops, hi, lo []float32, top float32) (sum float32) {
	n := len(hi)
	return active.addExp(sums[:n], tops[:n], hi, lo[:n], p.scale, p.scaleRest, top)
}

// Shares computes g = weight·2^(logit-top) + weights·2^(logit-tops) and returns Σ g·hi; tops are integers.
func (p Pairs) Shares(g, tops, weights, hi, lo []float32, top, weight float32) (slope float32) {
	n := len(hi)
	return active.shares(g[:n], tops[:n], weights[:n], hi, lo[:n], p.scale, p.scaleRest, top, weight)
}

// Softplus adds ln(1 + e^logit) to sums (16), that of column i to sum i mod 16.
func (p Pairs) Softplus(sums *[16]float32, hi, lo []float32) {
	active.softplus(sums[:], hi, lo[:len(hi)], p.scale, p.scaleRest, p.bias, p.biasRest)
}

// Logistic computes g = weight/(1 + e^-logit), and adds g to the first 16 of sums and g·hi to the others, column by
// column mod 16.
func (p Pairs) Logistic(sums *[32]float32, g, hi, lo []float32, weight float32) {
	n := len(hi)
	active.logistic(sums[:], g[:n], hi, lo[:n], p.scale, p.scaleRest, p.bias, p.biasRest, weight)
}

// nothing is a hi whose exponential is 0 at any scale that is of use.
const nothing = -1e30

func addPair(hi, lo, x []float32) {
	for i, v := range x {
		sum := hi[i] + v
		part := sum - hi[i]
		lo[i] += (hi[i] - (sum - part)) + (v - part)
		hi[i] = sum
	}
}

func maxima(tops, x []float32) float32 {
	top := float32(math.Inf(-1))
	for i, v := range x {
		if v > top {
			top = v
		}
		if v > tops[i] {
			tops[i] = v
		}
	}
	return top
}

// logit is scale·(hi + lo) with the parts of scale.
func logit(hi, lo, scale, rest float32) float64 {
	if hi < nothing {
		hi = nothing
	}
	return (float64(hi) + float64(lo)) * (float64(scale) + float64(rest))
}

func addExp(sums, tops, hi, lo []float32, scale, rest, top float32) float32 {
	var sum float64
	for i := range hi {
		v := logit(hi[i], lo[i], scale, rest)
		sums[i] += float32(math.Exp2(v - float64(tops[i])))
		sum += math.Exp2(v - float64(top))
	}
	return float32(sum)
}

func shares(g, tops, weights, hi, lo []float32, scale, rest, top, weight float32) float32 {
	var slope float64
	for i := range hi {
		v := logit(hi[i], lo[i], scale, rest)
		g[i] = float32(math.Exp2(v-float64(top))*float64(weight) + math.Exp2(v-float64(tops[i]))*float64(weights[i]))
		slope += float64(g[i]) * float64(max(hi[i], nothing))
	}
	return float32(slope)
}

func softplus(sums, hi, lo []float32, scale, rest, bias, biasRest float32) {
	for i := range hi {
		v := logit(hi[i], lo[i], scale, rest) + float64(bias) + float64(biasRest)
		sums[i%16] += float32(math.Max(v, 0)*math.Ln2 + math.Log1p(math.Exp2(-math.Abs(v))))
	}
}

func logistic(sums, g, hi, lo []float32, scale, rest, bias, biasRest, weight float32) {
	for i := range hi {
		v := logit(hi[i], lo[i], scale, rest) + float64(bias) + float64(biasRest)
		g[i] = float32(float64(weight) / (1 + math.Exp2(-v)))
		sums[i%16] += g[i]
		sums[16+i%16] += float32(g[i] * max(hi[i], nothing))
	}
}
