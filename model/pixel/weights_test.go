package pixel

import (
	"math"
	"testing"
)

// TestSumsFitTheirHalf: two sums share a word, so neither may leave 32 bits on any picture.
func TestSumsFitTheirHalf(t *testing.T) {
	var a axis
	for _, out := range []int{1, 7, 224} {
		for in := 1; in <= 3000; in += 1 + in/40 {
			a.build(in, float64(in), out, 0, out)
			for i := range out {
				var most, sum int64
				for _, w := range a.weight[i*a.taps:][:a.taps] {
					v := int64(w)
					sum += v
					most += max(v, -v)
					if max(v, -v) > 127<<16 {
						t.Fatalf("%d to %d, result %d: weight %d does not split into signed bytes", in, out, i, v)
					}
				}
				if most*255+1<<(precision-1) > math.MaxInt32 {
					t.Fatalf("%d to %d, result %d: weights of %d together", in, out, i, most)
				}
				if d := sum - 1<<precision; max(d, -d) > int64(a.count[i]) {
					t.Fatalf("%d to %d, result %d: weights sum to %d", in, out, i, sum)
				}
			}
		}
	}
}
