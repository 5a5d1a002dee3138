package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
)

// logits makes a row of pairs of float32, with the one greatest, one left out, and one far below.
func logits(seed uint64, n int) (hi, lo []float32) {
	hi, lo = offset(random(seed, n), int(seed%3)), offset(random(seed+1, n), int(seed%5))
	for i := range hi {
		hi[i] *= 0.3
		lo[i] *= 1e-8
	}
	hi[n/2] = 0.9
	hi[n/3] = -0.9
	if n > 1 {
		hi[n-1], lo[n-1] = float32(math.Inf(-1)), 0
	}
	return hi, lo
}

// value is what a pair stands for, in units of ln 2.
func value(hi, lo float32, scale, bias float64) float64 {
	return ((float64(hi)+float64(lo))*scale + bias) * math.Log2E
}

func TestMaxima(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, n := range lengths {
			x, tops := offset(random(1, n), n%3), offset(random(2, n+1), n%5)
			for i := range x {
				x[i] -= 5 // below the zeros that tails are filled with
			}
			x[n/2] = float32(math.NaN())
			want, top := slices.Clone(tops), float32(math.Inf(-1))
			for i, v := range x {
				if i != n/2 {
					top, want[i] = max(top, v), max(want[i], v)
				}
			}
			if got := Maxima(tops[:n], x); got != top {
				t.Fatalf("of %d: top %g, want %g", n, got, top)
			}
			same(t, fmt.Sprint("tops of ", n), tops, want)
		}
	})
}

// TestAddExp allows for the last place of a float32, and for adding up a row of them.
func TestAddExp(t *testing.T) {
	wide := sameAsWide{}
	eachLevel(t, func(t *testing.T) {
		for _, n := range lengths {
			for _, scale := range []float64{1, 100, 1 / 0.07} {
				p := NewPairs(scale, 0)
				hi, lo := logits(3, n)
				top, tops := p.Top(slices.Max(hi)), make([]float32, n)
				sums := offset(random(4, n+1), n%5)
				var want float64
				exact := float64s(sums)
				for i := range hi {
					tops[i] = p.Top(max(hi[i], -1)) + float32(i%3)
					v := value(hi[i], lo[i], scale, 0)
					want += math.Exp2(v - float64(top))
					exact[i] += math.Exp2(v - float64(tops[i]))
				}
				got := p.AddExp(sums, tops, hi, lo, top)
				near(t, fmt.Sprintf("sum of %d at %g", n, scale), 0, got, want, want+1e-30, 4e-7)
				for i, w := range exact {
					near(t, "sums", i, sums[i], w, 1+math.Abs(w), 2e-7)
				}
				wide.check(t, fmt.Sprint(n, scale), append(sums, got))
			}
		}
	})
}

func TestShares(t *testing.T) {
	wide := sameAsWide{}
	eachLevel(t, func(t *testing.T) {
		for _, n := range lengths {
			p := NewPairs(30, 0)
			hi, lo := logits(5, n)
			tops, weights := make([]float32, n), offset(random(6, n), n%3)
			g := make([]float32, n+1)
			exact, slope, size := make([]float64, n), 0.0, 1e-30
			for i := range hi {
				tops[i] = 38 + float32(i%3)
				v := value(hi[i], lo[i], 30, 0)
				exact[i] = 0.5*math.Exp2(v-39) + float64(weights[i])*math.Exp2(v-float64(tops[i]))
				if exact[i] != 0 {
					slope += exact[i] * float64(hi[i])
					size += math.Abs(exact[i] * float64(hi[i]))
				}
			}
			got := p.Shares(g[:n], tops, weights, hi, lo, 39, 0.5)
			for i, w := range exact {
				near(t, "share", i, g[i], w, 0.5*math.Exp2(value(hi[i], lo[i], 30, 0)-38)*(1+math.Abs(float64(weights[i])))+1e-37, 6e-7)
			}
			near(t, "slope", n, got, slope, size, 1e-6)
			if g[n] != 0 {
				t.Fatalf("%d values: wrote one more", n)
			}
			wide.check(t, fmt.Sprint(n), append(g, got))
		}
	})
}

func TestSoftplus(t *testing.T) {
	wide := sameAsWide{}
	eachLevel(t, func(t *testing.T) {
		for _, n := range lengths {
			for _, with := range [][2]float64{{10, -10}, {100, 3}, {0, -120}, {0, 120}} {
				scale, bias := with[0], with[1]
				p := NewPairs(scale, bias)
				hi, lo := logits(7, n)
				if scale == 0 {
					hi[n-1] = 0 // 0·∞ is a NaN here, and nothing there
				}
				var sums [16]float32
				var both [32]float32
				var want [16]float64
				var wantBoth, size [32]float64
				g, exact := make([]float32, n+1), make([]float64, n)
				for i := range hi {
					v := value(hi[i], lo[i], scale, bias)
					want[i%16] += math.Max(v, 0)*math.Ln2 + math.Log1p(math.Exp2(-math.Abs(v)))
					exact[i] = 0.25 / (1 + math.Exp2(-v))
					wantBoth[i%16] += exact[i]
					if exact[i] != 0 {
						wantBoth[16+i%16] += exact[i] * float64(hi[i])
						size[16+i%16] += math.Abs(exact[i] * float64(hi[i]))
					}
				}
				p.Softplus(&sums, hi, lo)
				p.Logistic(&both, g[:n], hi, lo, 0.25)
				for i, w := range want {
					near(t, "softplus", i, sums[i], w, w+1e-37, 1e-6)
				}
				for i, w := range exact {
					near(t, "logistic", i, g[i], w, w+1e-37, 4e-7)
				}
				for i, w := range wantBoth {
					near(t, "sum", i, both[i], w, max(w, size[i])+1e-37, 1e-6)
				}
				if g[n] != 0 {
					t.Fatalf("%d values: wrote one more", n)
				}
				wide.check(t, fmt.Sprint(n, with), slices.Concat(g, sums[:], both[:]))
			}
		}
	})
}

// TestPairsNaN checks that a NaN stays one, wherever in a row.
func TestPairsNaN(t *testing.T) {
	nan := func(v float32) bool { return v != v }
	eachLevel(t, func(t *testing.T) {
		for at := range 40 {
			hi, lo, tops := random(1, 40), make([]float32, 40), make([]float32, 40)
			hi[at] = float32(math.NaN())
			sums, g, all, both := make([]float32, 40), make([]float32, 40), [16]float32{}, [32]float32{}
			p := NewPairs(3, -1)
			if sum := p.AddExp(sums, tops, hi, lo, 0); !nan(sum) || !nan(sums[at]) || nan(sums[39-at]) {
				t.Errorf("sum %g, sums %v", sum, sums)
			}
			if slope := p.Shares(g, tops, tops, hi, lo, 0, 1); !nan(slope) || !nan(g[at]) || nan(g[39-at]) {
				t.Errorf("slope %g, shares %v", slope, g)
			}
			p.Softplus(&all, hi, lo)
			p.Logistic(&both, g, hi, lo, 1)
			if !nan(all[at%16]) || nan(all[(at+1)%16]) || !nan(g[at]) || !nan(both[at%16]) || !nan(both[16+at%16]) {
				t.Errorf("softplus %v, logistic %v, sums %v", all, g, both)
			}
		}
	})
}

// TestSgemmPair compares with float64, over edges of tiles, strips and blocks: the error is that of
// strips. lo is what hi lacks.
func TestSgemmPair(t *testing.T) {
	for _, size := range [][4]int{{1, 1, 1, 16}, {3, 5, 17, 16}, {15, 33, 64, 16}, {sgemmRows + 5, 40, 200, 32}, {30, 70, 2*sgemmDepth + 7, 16}, {5, sgemmCols + 6, 128, 64}} {
		m, n, k, strip := size[0], size[1], size[2], size[3]
		a, b := random(1, m*k), random(2, n*k)
		for i := range b { // all products are positive, so that sums grow
			b[i] = float32(math.Abs(float64(b[i])))
		}
		for i := range a {
			a[i] = float32(math.Abs(float64(a[i])))
		}
		x, y, exact := float64s(a), float64s(b), make([]float64, m*n)
		for i := range m {
			for j := range n {
				for d := range k {
					exact[i*n+j] += x[i*k+d] * y[j*k+d]
				}
			}
		}
		wide := sameAsWide{}
		eachLevel(t, func(t *testing.T) {
			hi, lo := random(3, m*n), random(4, m*n)
			SgemmPair(strip, blas.NoTrans, blas.Trans, m, n, k, a, k, b, k, hi, lo, n)
			for i, w := range exact {
				if got := float64(hi[i]) + float64(lo[i]); math.Abs(got-w) > 3e-7*math.Sqrt(float64(strip*(k+strip))) {
					t.Fatalf("%v: value %d is off by %.2g", size, i, got-w)
				}
				if hi[i]+lo[i] != hi[i] {
					t.Fatalf("%v: value %d is %g and %g", size, i, hi[i], lo[i])
				}
			}
			wide.check(t, "hi", hi)
			wide.check(t, "lo", lo)
		})
	}
}

func float64s(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}
