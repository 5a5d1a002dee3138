package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// TestDerivatives sweeps the range where something happens, and more, as TestActivations does.
func TestDerivatives(t *testing.T) {
	exact := map[Activation]func(x float64) float64{
		QuickGELU: func(x float64) float64 {
			s := 1 / (1 + math.Exp(-1.702*x))
			return s + 1.702*x*s*(1-s)
		},
		GELU: func(x float64) float64 {
			return (1+math.Erf(x/math.Sqrt2))/2 + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
		},
	}
	x := []float32{0, float32(math.Copysign(0, -1)), 1e-30, -1e-30, 1000, -1000}
	for v := float32(-30); v < 30; v += 0.0037 {
		x = append(x, v)
	}
	dy := random(1, len(x))
	wide := sameAsWide{}
	eachLevel(t, func(t *testing.T) {
		for a, f := range exact {
			dx := make([]float32, len(x))
			a.Backward(dx, dy, x)
			what := fmt.Sprint("derivative ", a)
			for i, v := range x {
				near(t, what, i, dx[i], float64(dy[i])*f(float64(v)), math.Abs(float64(dy[i])), 5e-7)
			}
			wide.check(t, fmt.Sprint(a), dx)
			for _, n := range lengths {
				part := offset(dy[100:100+n], n%3)
				a.Backward(part, part, x[100:100+n])
				same(t, what+" in place", part, dx[100:100+n])
			}
			bad := []float32{1, float32(math.NaN()), 2}
			if a.Backward(bad, []float32{1, 1, 1}, bad); bad[1] == bad[1] || bad[0] != bad[0] || bad[2] != bad[2] {
				t.Errorf("%s at 1, NaN, 2 is %v", what, bad)
			}
		}
	})
}

// TestAdamW compares bits with the Go code.
func TestAdamW(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, n := range lengths {
			var got, want [4][]float32
			for k := range got {
				want[k] = random(uint64(k), n+1)
				if k == 2 {
					for i, v := range want[k] {
						want[k][i] = v * v
					}
				}
				got[k] = offset(want[k], n%(k+2))
			}
			for _, x := range []*[4][]float32{&got, &want} {
				step := active.adamW
				if x == &want {
					step = adamW
				}
				step(x[0][:n], x[1][:n], x[2][:n], x[3][:n], 0.99, 1e-3, 0.1, 0.98, 0.02, 0.3, 1e-6)
			}
			for k := range got {
				same(t, fmt.Sprint(n, " values, operand ", k), got[k], slices.Clone(want[k]))
			}
		}
	})
}
