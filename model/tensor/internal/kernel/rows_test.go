package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// lengths have every tail of a vector, and none.
var lengths = []int{1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 100, 768, 777}

// sameAsWide holds a float32 result against that of the level before it in the list: AVX2 and AVX-512 have the same bits.
type sameAsWide map[string][]float32

func (s sameAsWide) check(t *testing.T, what string, got []float32) {
	t.Helper()
	if active == &generic {
		return
	}
	if want, ok := s[what]; ok {
		same(t, what, got, want)
	}
	s[what] = slices.Clone(got)
}

// TestActivations sweeps the range where something happens, and more. The tolerance, relative to max(1, |x|), is two
// units in the last place of float32.
func TestActivations(t *testing.T) {
	exact := map[Activation]func(x float64) float64{
		Identity:  func(x float64) float64 { return x },
		QuickGELU: func(x float64) float64 { return x / (1 + math.Exp(-1.702*x)) },
		GELU:      func(x float64) float64 { return x / 2 * (1 + math.Erf(x/math.Sqrt2)) },
		ReLU:      func(x float64) float64 { return max(x, 0) },
		TanhGELU: func(x float64) float64 {
			return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
		},
	}
	x := []float32{0, float32(math.Copysign(0, -1)), 1e-30, -1e-30, 1e30, -1e30, math.MaxFloat32, 1000, -1000}
	for v := float32(-30); v < 30; v += 0.0037 {
		x = append(x, v)
	}
	wide := sameAsWide{}
	eachLevel(t, func(t *testing.T) {
		for a, f := range exact {
			y := make([]float32, len(x))
			a.Apply(y, x)
			what := fmt.Sprint("activation ", a)
			for i, v := range x {
				near(t, what, i, y[i], f(float64(v)), max(1, math.Abs(float64(v))), 2.4e-7)
			}
			wide.check(t, fmt.Sprint(a), y)
			for _, n := range lengths {
				part := offset(x[100:100+n], n%3)
				a.Apply(part, part)
				same(t, what+" in place", part, y[100:100+n])
			}
			bad := []float32{1, float32(math.NaN()), 2}
			if a.Apply(bad, bad); bad[1] == bad[1] || bad[0] != bad[0] || bad[2] != bad[2] {
				t.Errorf("activation %d of 1, NaN, 2 is %v", a, bad)
			}
		}
	})
}

func TestAdd(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, n := range lengths {
			x, y := offset(random(1, n), n%3), offset(random(2, n+1), n%5)
			want := slices.Clone(y)
			for i := range n {
				want[i] += x[i]
			}
			Add(y[:n], x)
			same(t, fmt.Sprint(n, " values"), y, want)
		}
	})
}

// TestLayerNorm allows for sums of float32 in place of float64.
func TestLayerNorm(t *testing.T) {
	wide := sameAsWide{}
	eachLevel(t, func(t *testing.T) {
		for _, n := range lengths {
			x, w, b := offset(random(1, n), n%3), offset(random(2, n), n%5), random(3, n)
			for i := range x {
				x[i] = 3*x[i] + 5
			}
			want, got := make([]float32, n), make([]float32, n+1)
			layerNorm(want, x, w, b, 1e-5)
			active.layerNorm(got[:n], x, w, b, 1e-5)
			for i := range want {
				// A row of few values can have a small variance beside its mean, which then decides what is left.
				near(t, "normalised", i, got[i], float64(want[i]), 1+math.Abs(float64(want[i])), 4e-6)
			}
			if got[n] != 0 {
				t.Fatalf("%d values: wrote one more", n)
			}
			wide.check(t, fmt.Sprint(n), got)
			active.layerNorm(x, x, w, b, 1e-5)
			same(t, "in place", x, got[:n])
		}
	})
}

func TestSoftmax(t *testing.T) {
	wide := sameAsWide{}
	eachLevel(t, func(t *testing.T) {
		for _, n := range lengths {
			for _, padded := range []int{(n + 15) &^ 15, (n+15)&^15 + 32} {
				x := offset(random(1, padded+1), n%3)
				for i := range x {
					x[i] *= 20 // far apart: some go to zero
				}
				var want []float64
				var sum float64
				top := slices.Max(x[:n])
				for _, v := range x[:n] {
					want = append(want, math.Exp(0.25*float64(v-top)))
					sum += want[len(want)-1]
				}
				beyond := x[padded]
				active.softmax(x[:padded], n, 0.25)
				for i, v := range x[:padded] {
					if i >= n && v != 0 {
						t.Fatalf("%d of %d: value %d is %g, want 0", n, padded, i, v)
					} else if i < n {
						near(t, "softmax", i, v, want[i]/sum, want[i]/sum+1e-30, 2e-6)
					}
				}
				if x[padded] != beyond {
					t.Fatalf("%d of %d: wrote one more", n, padded)
				}
				wide.check(t, fmt.Sprint(n, padded), x)
			}
		}
		x := []float32{1, float32(math.NaN()), 2, 15: 0}
		if active.softmax(x, 3, 1); x[0] == x[0] || x[2] == x[2] {
			t.Errorf("softmax of a NaN is %v", x)
		}
	})
}

// TestQuantise checks the bits of scales, integers and their padding against the Go code.
func TestQuantise(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, n := range lengths {
			x := offset(random(uint64(n), n), n%3)
			x[0], x[n-1] = -2.5, 0.5 // halves, to be rounded to even at a scale of 1
			low, high, magnitude := active.extent(x)
			if l, h, m := extent(x); l != low || h != high || m != magnitude {
				t.Fatalf("%d values: extent %g %g %x, want %g %g %x", n, low, high, magnitude, l, h, m)
			}
			for _, scale := range []float32{1, 2047 / 2.5, 1e6, 0} {
				padded := (n + 15) &^ 15
				got, want := offset(make([]int16, padded+1), n%5), make([]int16, padded+1)
				got[padded], want[padded] = 99, 99
				active.quantise16(got, x, scale, -2047, 2000)
				quantise16(want, x, scale, -2047, 2000)
				if !slices.Equal(got, want) {
					t.Fatalf("%d values by %g: %v, want %v", n, scale, got, want)
				}
				if !active.quads {
					continue
				}
				bytes, exact := offset(make([]uint8, padded+1), n%5), make([]uint8, padded+1)
				bytes[padded], exact[padded] = 99, 99
				active.quantise8(bytes, x, scale, -100, 155, 100)
				quantise8(exact, x, scale, -100, 155, 100)
				if !slices.Equal(bytes, exact) {
					t.Fatalf("%d values by %g: %v, want %v", n, scale, bytes, exact)
				}
			}
		}
	})
}

// TestExtentNotFinite checks that nothing hides a value that is not finite.
func TestExtentNotFinite(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			for at := range 40 {
				x := random(1, 40)
				x[at] = float32(bad)
				if _, _, bits := active.extent(x); math.Float32frombits(uint32(bits)) <= math.MaxFloat32 {
					t.Fatalf("%g at %d is not seen", bad, at)
				}
			}
		}
	})
}

// TestPanelKernels checks the ways into and out of panels against the Go code.
func TestPanelKernels(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for rows := 1; rows <= 20; rows++ {
			for cols := 1; cols <= panel; cols++ {
				stride := cols + rows%4
				tile := offset(random(1, rows*panel), cols%3)
				for _, f := range [][2]float32{{1, 0}, {1, 1}, {0.3, -2}} {
					got, want := offset(random(2, rows*stride+1), cols%5), random(2, rows*stride+1)
					active.store(got, stride, tile, rows, cols, f[0], f[1])
					store(want, stride, tile, rows, cols, f[0], f[1])
					for i := range want {
						if f[1] == 0 || f[1] == 1 {
							same(t, "store", got[i:i+1], want[i:i+1])
						} else {
							near(t, "store", i, got[i], float64(want[i]), 4, 1e-7)
						}
					}
				}
				ldd, lds := rows+cols%3, cols+rows%5
				src := offset(random(1, rows*lds), rows%3)
				got, want := random(2, cols*ldd), random(2, cols*ldd)
				active.transpose(got, ldd, src, lds, rows, cols)
				transpose(want, ldd, src, lds, rows, cols)
				same(t, "transpose", got, want)
			}
			src := offset(random(1, rows*(panel+5)), rows%3)
			got, want := random(2, rows*panel), random(3, rows*panel)
			active.gather(got, src, panel+5, rows)
			gather(want, src, panel+5, rows)
			same(t, "gather", got, want)

			bias, factors, weights := random(4, panel), random(5, rows), random(6, panel)
			sums, zero, src32 := make([]int32, panel), make([]int32, rows), make([]int32, rows*panel)
			for i, v := range random(7, rows*panel) {
				src32[i] = int32(v * 1e8)
				sums[i%panel] = int32(v * 1e5)
				zero[i%rows] = int32(100 + 50*v)
			}
			tile := random(8, rows*panel)
			for _, add := range []bool{false, true} {
				for _, stride := range []int{panel, panel + 3} {
					got, want := random(9, rows*stride), random(9, rows*stride)
					active.addBias(got, stride, tile, bias, rows, add)
					addBias(want, stride, tile, bias, rows, add)
					same(t, "bias", got, want)
					active.scale(got, stride, tile, factors, weights, bias, rows, add)
					scale(want, stride, tile, factors, weights, bias, rows, add)
					same(t, "scale", got, want)
					active.dequantise(got, stride, src32, factors, zero, weights, sums, bias, rows, add)
					dequantise(want, stride, src32, factors, zero, weights, sums, bias, rows, add)
					same(t, "dequantise", got, want)
				}
			}
		}
	})
}

// TestActivatedRows checks that rows of a matrix come out as each of them alone, and that nothing beside them changes.
func TestActivatedRows(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for a, f := range active.activations {
			for cols := 1; f != nil && cols <= 35; cols++ {
				const rows = 3
				ldx, ldy := cols+2, cols+5
				x, got, want := random(1, rows*ldx), random(2, rows*ldy), random(2, rows*ldy)
				f(got, ldy, x, ldx, rows, cols)
				for r := range rows {
					Activation(a).Apply(want[r*ldy:][:cols], x[r*ldx:][:cols])
				}
				same(t, "rows", got, want)
			}
		}
	})
}
