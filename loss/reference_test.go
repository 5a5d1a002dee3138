package loss

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// matrixOf computes the logits in float64; those of different pairs that are the same are -Inf.
func matrixOf(images, texts []float64, d int, scale, bias float64, same []int32) []float64 {
	n := len(images) / d
	s := make([]float64, n*n)
	blas64.Gemm(blas.NoTrans, blas.Trans, scale, blas64.General{Rows: n, Cols: d, Stride: d, Data: images},
		blas64.General{Rows: n, Cols: d, Stride: d, Data: texts}, 0, blas64.General{Rows: n, Cols: n, Stride: n, Data: s})
	for i := range n {
		for j := range n {
			s[i*n+j] += bias
			if same != nil && i != j && same[i] == same[j] {
				s[i*n+j] = math.Inf(-1)
			}
		}
	}
	return s
}

// reference computes the loss and the accuracies from the full matrix in float64.
func reference(images, texts []float64, d int, logScale float64, same []int32) Metrics {
	n := len(images) / d
	s := matrixOf(images, texts, d, math.Exp(logScale), 0, same)
	m := Metrics{Pairs: n}
	for i := range n {
		for direction, right := range []*float64{&m.ImageToText, &m.TextToImage} {
			line := make([]float64, n)
			for j := range n {
				line[j] = s[i*n+j]
				if direction == 1 {
					line[j] = s[j*n+i]
				}
			}
			top, sum := slices.Max(line), 0.0
			for _, v := range line {
				sum += math.Exp(v - top)
			}
			m.Loss += (top + math.Log(sum) - line[i]) / float64(2*n)
			if slices.Index(line, top) == i {
				*right += 1 / float64(n)
			}
		}
	}
	return m
}

// pairs makes n pairs of unit vectors of which the second is the first with noise.
func pairs(n, d int, noise float64, seed uint64) (images, texts []float32) {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	images, texts = make([]float32, n*d), make([]float32, n*d)
	for i := range n {
		x, y := make([]float64, d), make([]float64, d)
		for k := range d {
			x[k] = r.NormFloat64()
			y[k] = x[k] + noise*r.NormFloat64()
		}
		normalize(images[i*d:], x)
		normalize(texts[i*d:], y)
	}
	return images, texts
}

func normalize(to []float32, v []float64) {
	var sum float64
	for _, x := range v {
		sum += x * x
	}
	for k, x := range v {
		to[k] = float32(x / math.Sqrt(sum))
	}
}

func float64s(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %.9g, want %.9g: %.2g off", what, got, want, got-want)
	}
}

// maxDiff is the largest difference between a gradient and what it should be.
func maxDiff(got []float32, want []float64) (m float64) {
	for i, w := range want {
		m = max(m, math.Abs(float64(got[i])-w))
	}
	return m
}
