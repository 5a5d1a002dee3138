package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"
	"gonum.org/v1/gonum/blas/blas32"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// eachLevel runs a test once with each level of this machine.
func eachLevel(t *testing.T, test func(t *testing.T)) {
	before := active
	defer func() { active = before }()
	for _, l := range levels {
		active = l
		t.Run(l.name, test)
	}
}

// random makes n values of about size 1, from a seed.
func random(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// offset copies x to an address that is off by n values from a cache line's start.
func offset[T float32 | int32 | int16 | int8 | uint8](x []T, n int) []T {
	y := aligned[T](len(x) + n)[n:]
	copy(y, x)
	return y
}

func matrix(seed uint64, rows, cols, stride int) blas32.General {
	return blas32.General{Rows: rows, Cols: cols, Stride: stride, Data: random(seed, rows*stride)}
}

func row(m blas32.General, i int) []float32 { return m.Data[i*m.Stride:][:m.Cols] }

// near compares a value with a tolerance relative to size, the magnitude of what was added up.
func near(t *testing.T, what string, index int, got float32, want, size, tolerance float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) <= tolerance*size) {
		t.Fatalf("%s: value %d is %g, want %g: off by %.2g of %g", what, index, got, want, math.Abs(float64(got)-want)/size, size)
	}
}

// same compares bits.
func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %g (%#08x), want %g (%#08x)", what, i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// fma is a·b + c with one rounding. The product is exact in float64; a sum that lands halfway between two float32, where
// rounding twice would err, is nudged to the side that the lost part of the sum is on.
func fma(a, b, c float32) float32 {
	p, q := float64(a)*float64(b), float64(c)
	sum := p + q
	v := sum - p
	lost := (p - (sum - v)) + (q - v)
	if bits := math.Float64bits(sum); lost != 0 && bits&(1<<29-1) == 1<<28 {
		if (lost > 0) == (sum > 0) {
			bits++
		} else {
			bits--
		}
		sum = math.Float64frombits(bits)
	}
	return float32(sum)
}
