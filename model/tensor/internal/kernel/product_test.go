package kernel

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

var precisions = []Precision{Float32, Int16, Int8}

// rowsOf makes a left-hand side of m random rows, some with a value far out of line.
func rowsOf(w *Weights, m int) *Rows {
	x := NewRows(w, m)
	for i := range m {
		copy(x.Row(i), random(uint64(100+i), w.in))
		if i%3 == 0 {
			x.Row(i)[i%w.in] = 12
		}
	}
	x.Quantise(m)
	return x
}

// TestMultiply checks products over odd shapes against sums in float64. The tolerance of the precisions is half a
// step of the activations and of the weights, which add up like random walks.
func TestMultiply(t *testing.T) {
	tolerance := map[Precision]float64{Float32: 1e-5, Int16: 2e-3, Int8: 0.08}
	wide := sameAsWide{}
	eachLevel(t, func(t *testing.T) {
		for _, p := range precisions {
			for _, size := range [][3]int{{1, 1, 1}, {1, 3, 33}, {2, 4, 31}, {13, 64, 64}, {15, 65, 96}, {50, 48, 20}, {3, 3000, 33}, {2, 6400, 3}} {
				m, in, out := size[0], size[1], size[2]
				what := fmt.Sprintf("%v (%d, %d, %d)", p, m, in, out)
				weight, bias := random(1, in*out), random(2, out)
				w := Pack(p, weight, bias, in, out)
				if w.In() != in || w.Out() != out {
					t.Fatalf("%s: weights are %d to %d", what, w.In(), w.Out())
				}
				x := rowsOf(w, m)
				y := matrix(3, m, out, out+3)
				w.Multiply(y, x, Epilogue{})
				for i := range m {
					for j := range out {
						want, size := float64(bias[j]), 1.0
						for k, v := range x.Row(i) {
							want += float64(v) * float64(weight[j*in+k])
							size += float64(v) * float64(v)
						}
						near(t, what, i*out+j, row(y, i)[j], want, math.Sqrt(size), tolerance[p])
					}
				}
				if p == Float32 {
					wide.check(t, what, y.Data)
				}
				// The epilogue is the activation and the sum on top of the same product.
				for a := range Activation(5) {
					got, want := matrix(4, m, out, out), make([]float32, m*out)
					for i := range m {
						a.Apply(want[i*out:(i+1)*out], row(y, i))
					}
					Add(want, got.Data)
					w.Multiply(got, x, Epilogue{Activation: a, Add: true})
					if active == &generic || a == Identity {
						same(t, what+" on top", got.Data, want)
					}
					for i := range want {
						near(t, what, i, got.Data[i], float64(want[i]), 1+math.Abs(float64(want[i])), 1e-6)
					}
				}
			}
		}
	})
}

// TestMultiplyIntegersBits checks that integer products have the same bits with the Go code and on every level.
func TestMultiplyIntegersBits(t *testing.T) {
	seen := map[string][]float32{}
	eachLevel(t, func(t *testing.T) {
		for _, p := range []Precision{Int16, Int8} {
			for _, size := range [][3]int{{1, 5, 33}, {20, 70, 64}, {31, 769, 100}} {
				w := Pack(p, random(1, size[1]*size[2]), random(2, size[2]), size[1], size[2])
				y := matrix(3, size[0], size[2], size[2])
				w.Multiply(y, rowsOf(w, size[0]), Epilogue{})
				what := fmt.Sprint(p, size)
				if want, ok := seen[what]; ok {
					same(t, what, y.Data, want)
				}
				seen[what] = y.Data
			}
		}
	})
}

// TestRowsAlone checks that a row's product does not depend on the rows around it, its place, or the processors.
func TestRowsAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	const in, out, m = 70, 100, 45
	eachLevel(t, func(t *testing.T) {
		for _, p := range precisions {
			for _, a := range []Activation{Identity, GELU} {
				w := Pack(p, random(1, in*out), random(2, out), in, out)
				x := rowsOf(w, m)
				want := matrix(3, m, out, out)
				runtime.GOMAXPROCS(1)
				w.Multiply(want, x, Epilogue{Activation: a})
				for _, processors := range []int{1, 2, 5} {
					runtime.GOMAXPROCS(processors)
					for _, n := range []int{1, 14, 29} {
						for from := 0; from+n <= m; from += 16 {
							some := NewRows(w, n)
							for i := range n {
								copy(some.Row(i), x.Row(from+i))
							}
							some.Quantise(n)
							got := matrix(4, n, out, out)
							w.Multiply(got, some, Epilogue{Activation: a})
							same(t, fmt.Sprintf("%v: rows %d to %d", p, from, from+n), got.Data, want.Data[from*out:(from+n)*out])
						}
					}
				}
			}
		}
	})
}

// TestNoOverflow multiplies the largest rows with the largest columns, all of one sign: an
// overflow would be off by more than all, the rounding of weights is half a step of their few bits.
func TestNoOverflow(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, p := range []Precision{Int16, Int8} {
			for _, in := range []int{1, 2, 768, 3072, 1 << 16} {
				w := Pack(p, append(slices.Repeat([]float32{-3}, in), slices.Repeat([]float32{5}, in)...), nil, in, 2)
				x := NewRows(w, 1)
				for k := range in {
					x.Row(0)[k] = 7
				}
				x.Quantise(1)
				y := matrix(1, 1, 2, 2)
				w.Multiply(y, x, Epilogue{})
				for j, want := range []float64{-21 * float64(in), 35 * float64(in)} {
					near(t, fmt.Sprintf("%v: sum of %d", p, in), j, y.Data[j], want, math.Abs(want), 1e-2)
				}
			}
		}
	})
}

// TestNotFinite checks that a row with a NaN or an infinity does not come out as numbers, and the row beside it does.
func TestNotFinite(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, p := range precisions {
			for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				w := Pack(p, random(1, 40*3), nil, 40, 3)
				x := NewRows(w, 2)
				copy(x.Row(0), random(2, 40))
				copy(x.Row(1), random(3, 40))
				x.Row(0)[17] = float32(bad)
				x.Quantise(2)
				y := matrix(4, 2, 3, 3)
				w.Multiply(y, x, Epilogue{})
				for j := range 3 {
					if v := float64(y.Data[j]); !math.IsNaN(v) && !math.IsInf(v, 0) {
						t.Errorf("%v: %g becomes %g", p, bad, v)
					}
					if v := float64(y.Data[3+j]); math.IsNaN(v) || math.IsInf(v, 0) {
						t.Errorf("%v: the row beside %g is %g", p, bad, v)
					}
				}
			}
		}
	})
}

// TestZeros checks rows and columns of zeros, whose scale is none.
func TestZeros(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, p := range precisions {
			weight, bias := random(1, 20*3), []float32{1, 2, 3}
			clear(weight[20:40])
			w := Pack(p, weight, bias, 20, 3)
			x := NewRows(w, 2)
			copy(x.Row(1), random(2, 20))
			x.Quantise(2)
			y := matrix(4, 2, 3, 3)
			w.Multiply(y, x, Epilogue{})
			same(t, p.String(), append([]float32{y.Data[4]}, y.Data[:3]...), []float32{2, 1, 2, 3})
		}
	})
}

// TestRowsLayerNorm checks that normalising into rows is normalising and quantising.
func TestRowsLayerNorm(t *testing.T) {
	const in, out, n = 70, 40, 300
	eachLevel(t, func(t *testing.T) {
		for _, p := range precisions {
			w := Pack(p, random(1, in*out), nil, in, out)
			x, weight, bias := matrix(2, n, in, in+5), random(3, in), random(4, in)
			a, b := NewRows(w, n), NewRows(w, n)
			a.LayerNorm(x, weight, bias, 1e-5)
			LayerNorm(b.Matrix(n), x, weight, bias, 1e-5)
			b.Quantise(n)
			got, want := matrix(5, n, out, out), matrix(6, n, out, out)
			w.Multiply(got, a, Epilogue{})
			w.Multiply(want, b, Epilogue{})
			same(t, p.String(), got.Data, want.Data)
		}
	})
}

func TestBytes(t *testing.T) {
	const in, out = 768, 768
	weight := random(1, in*out)
	for p, most := range map[Precision]float64{Float32: 4, Int16: 2, Int8: 1} {
		if got := float64(Pack(p, weight, nil, in, out).Bytes()) / (in * out); got > most*1.02 {
			t.Errorf("%v: %.3f bytes a weight", p, got)
		}
	}
}

func TestMultiplyPanics(t *testing.T) {
	w := Pack(Float32, random(1, 20), nil, 5, 4)
	x := NewRows(w, 2)
	other := NewRows(Pack(Int16, random(1, 20), nil, 5, 4), 2)
	for name, call := range map[string]func(){
		"more rows than there are": func() { w.Multiply(matrix(1, 3, 4, 4), x, Epilogue{}) },
		"another width":            func() { w.Multiply(matrix(1, 2, 5, 5), x, Epilogue{}) },
		"another precision":        func() { w.Multiply(matrix(1, 2, 4, 4), other, Epilogue{}) },
		"short y": func() {
			w.Multiply(blas32.General{Rows: 2, Cols: 4, Stride: 4, Data: make([]float32, 7)}, x, Epilogue{})
		},
		"short weights": func() { Pack(Float32, make([]float32, 19), nil, 5, 4) },
		"short bias":    func() { Pack(Float32, make([]float32, 20), make([]float32, 3), 5, 4) },
		"long sums":     func() { Pack(Int8, make([]float32, 1<<17), nil, 1<<17, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			call()
		}()
	}
}
