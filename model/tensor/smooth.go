package tensor

import (
	"math"
	"slices"
)

// Smooth returns a norm and the linear behind it which together compute the same, and lose less where both are rounded to
// integers: of a channel that stands out in the one, half of that goes to the other (SmoothQuant, Xiao et al. 2023; from
// the parameters alone). Factors are powers of two, so that nothing is rounded here.
func Smooth(n LayerNorm, l *Linear) (LayerNorm, *Linear) {
	most := make([]float64, l.in) // of each column of W
	for row := range slices.Chunk(l.weight, l.in) {
		for k, w := range row {
			most[k] = max(most[k], math.Abs(float64(w)))
		}
	}
	ratios := make([]float64, l.in)
	for k, w := range most {
		const far = 3 // a normalised value is seldom further from 0
		reach := far*math.Abs(float64(n.Weight[k])) + math.Abs(float64(n.Bias[k]))
		ratios[k] = math.Log2(max(reach, 1e-30) / max(w, 1e-30))
	}
	sorted := slices.Sorted(slices.Values(ratios))
	smooth := LayerNorm{Weight: slices.Clone(n.Weight), Bias: slices.Clone(n.Bias)}
	weight := slices.Clone(l.weight)
	for k, r := range ratios {
		const furthest = 16 // a channel that is almost 0 in one of them does not matter
		shift := min(max(int(math.Round((r-sorted[l.in/2])/2)), -furthest), furthest)
		smooth.Weight[k] = float32(math.Ldexp(float64(n.Weight[k]), -shift))
		smooth.Bias[k] = float32(math.Ldexp(float64(n.Bias[k]), -shift))
		if shift == 0 {
			continue
		}
		factor := float32(math.Ldexp(1, shift))
		for i := k; i < len(weight); i += l.in {
			weight[i] *= factor
		}
	}
	return smooth, NewLinear(weight, l.bias, l.in, l.out)
}
