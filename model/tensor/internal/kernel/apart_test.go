package kernel

import (
	"fmt"
	"math"
	"testing"
)

// TestApart checks products some of whose columns are far larger than the rest. With these apart the error is that of the
// rest; it is the same bits whatever rows a row comes with, and AVX2 and AVX-512 agree.
func TestApart(t *testing.T) {
	tolerance := map[Precision]float64{Float32: 1e-5, Int16: 2e-3, Int8: 0.08} // as TestMultiply's
	wide := sameAsWide{}
	eachLevel(t, func(t *testing.T) {
		if most := active.rows[Float32]; active.rows[Int16] > most || active.rows[Int8] > most {
			t.Fatalf("tiles of integers are higher than those of float32: %v", active.rows)
		}
		for _, p := range precisions {
			for _, size := range [][3]int{{1, 20, 33}, {13, 64, 64}, {50, 768, 20}, {3, 6400, 33}} {
				m, in, out := size[0], size[1], size[2]
				what := fmt.Sprintf("%v (%d, %d, %d)", p, m, in, out)
				weight, bias := random(1, in*out), random(2, out)
				columns := []int{3, in / 2, in - 1}
				large := func(k int) float32 {
					if k == 3 || k == in/2 || k == in-1 {
						return 100
					}
					return 1
				}
				for i := range weight {
					weight[i] *= large(i % in)
				}
				w := Pack(p, weight, bias, in, out, columns...)
				x := rowsOf(w, m)
				y := matrix(3, m, out, out+3)
				w.Multiply(y, x, Epilogue{})
				for i := range m {
					for j := range out {
						want, rest, all := float64(bias[j]), 1.0, 1.0
						for k, v := range x.Row(i) {
							product := float64(v) * float64(weight[j*in+k])
							want, all = want+product, all+math.Abs(product)
							if large(k) == 1 {
								rest += float64(v) * float64(v)
							}
						}
						near(t, what, i*out+j, row(y, i)[j], want, 1, tolerance[p]*math.Sqrt(rest)+1e-6*all)
					}
				}
				wide.check(t, what, y.Data)
				alone, z := NewRows(w, 1), matrix(4, 1, out, out)
				copy(alone.Row(0), x.Row(m-1))
				alone.Quantise(1)
				w.Multiply(z, alone, Epilogue{})
				same(t, what+", the last alone", z.Data, row(y, m-1))
			}
		}
	})
}
