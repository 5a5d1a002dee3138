package tensor

import (
	"cmp"
	"math"
	"slices"
)

// Smooth returns a norm and the linear behind it which together compute the same, and lose less where both are rounded to
// integers: of a channel that stands out in the one, half of that goes to the other (SmoothQuant, Xiao et al. 2023; from
// the parameters alone). The few channels that stand out in both are kept out of integer products. Factors are powers of
// two, so that nothing is rounded here. The linear's weights are in memory, which is made larger where it does not do.
func Smooth(n LayerNorm, l *Linear, memory *[]float32) (LayerNorm, *Linear) {
	reaches, ratios, shares := make([]float64, l.in), make([]float64, l.in), make([]float64, l.in) // logarithms
	for k, w := range l.most() {
		const far, least = 3, 1e-30 // a normalised value is seldom further from 0
		reaches[k] = math.Log2(max(far*math.Abs(float64(n.Weight[k]))+math.Abs(float64(n.Bias[k])), least))
		w := math.Log2(max(w, least))
		ratios[k], shares[k] = reaches[k]-w, reaches[k]+w
	}
	apart := outliers(shares)
	middle, reach := median(ratios), median(reaches)
	smooth := LayerNorm{Weight: slices.Clone(n.Weight), Bias: slices.Clone(n.Bias), Epsilon: n.Epsilon}
	*memory = append((*memory)[:0], l.weight...)
	weight := *memory
	for k, r := range ratios {
		const furthest = 16 // a channel that is almost 0 in one of them does not matter
		shift := math.Round((r - middle) / 2)
		if slices.Contains(apart, k) {
			shift = math.Ceil(reaches[k] - reach) // its weights may be as large as they like
		}
		by := int(min(max(shift, -furthest), furthest))
		smooth.Weight[k] = float32(math.Ldexp(float64(n.Weight[k]), -by))
		smooth.Bias[k] = float32(math.Ldexp(float64(n.Bias[k]), -by))
		if by == 0 {
			continue
		}
		factor := float32(math.Ldexp(1, by))
		for i := k; i < len(weight); i += l.in {
			weight[i] *= factor
		}
	}
	behind := NewLinear(weight, l.bias, l.in, l.out)
	behind.apart = apart
	return smooth, behind
}

// Uneven tells whether some of what the norm gives is far larger than the rest, and so are the errors of what it gets.
func (n LayerNorm) Uneven() bool {
	gains := make([]float64, len(n.Weight))
	for k, w := range n.Weight {
		gains[k] = math.Log2(max(math.Abs(float64(w)), 1e-30))
	}
	return len(outliers(gains)) > 0
}

// most is the greatest magnitude of each column of W.
func (l *Linear) most() []float64 {
	most := make([]float64, l.in)
	for row := range slices.Chunk(l.weight, l.in) {
		for k, w := range row {
			most[k] = max(most[k], math.Abs(float64(w)))
		}
	}
	return most
}

// outliers are the channels whose share of the sums is eight times the middle one, in order: of logarithms. They are a
// 32nd of all at most, since products in float32 take their time.
func outliers(shares []float64) (list []int) {
	const above = 3
	middle := median(shares)
	for k, s := range shares {
		if s >= middle+above {
			list = append(list, k)
		}
	}
	if most := (len(shares) + 31) / 32; len(list) > most {
		slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(shares[b], shares[a]) })
		list = list[:most]
		slices.Sort(list)
	}
	return list
}

func median(x []float64) float64 { return slices.Sorted(slices.Values(x))[len(x)/2] }
