package loss

import (
	"fmt"
	"math"
	"testing"
)

// losses are one of each kind; of n pairs every third has the caption of some others.
func losses(n int) map[string]Loss {
	same := make([]int32, n)
	for i := range same {
		same[i] = int32(i)
		if i%3 == 0 {
			same[i] = int32(i % 7)
		}
	}
	return map[string]Loss{
		"contrastive":            &Contrastive{},
		"sigmoid":                &Sigmoid{Bias: -5},
		"contrastive, some same": &Contrastive{Same: same},
		"sigmoid, some same":     &Sigmoid{Bias: -5, Same: same},
	}
}

// exactly computes a loss and its gradients in float64 from the whole matrix.
func exactly(l Loss, images, texts []float64, d int, scale float64) (loss float64, dimages, dtexts []float64, dlogitScale, dbias float64) {
	n := len(images) / d
	var g []float64
	bias := 0.0
	switch l := l.(type) {
	case *Contrastive:
		s := matrixOf(images, texts, d, scale, 0, l.Same)
		g = make([]float64, n*n)
		for i := range n {
			for _, step := range []int{1, n} { // along the row, down the column
				var sum float64
				at := func(j int) int { return (n+1-step)*i + step*j }
				for j := range n {
					sum += math.Exp(s[at(j)])
				}
				loss += (math.Log(sum) - s[at(i)]) / float64(2*n)
				for j := range n {
					g[at(j)] += math.Exp(s[at(j)]) / sum / float64(2*n)
				}
				g[at(i)] -= 1 / float64(2*n)
			}
		}
	case *Sigmoid:
		bias = float64(l.Bias)
		g = matrixOf(images, texts, d, scale, bias, l.Same)
		for k, v := range g {
			z := -1.0
			if k%(n+1) == 0 {
				z = 1
			}
			loss += softplus(-z*v) / float64(n)
			g[k] = -z / (1 + math.Exp(z*v)) / float64(n)
			dbias += g[k]
		}
	}
	s := matrixOf(images, texts, d, scale, 0, nil)
	dimages, dtexts = make([]float64, n*d), make([]float64, n*d)
	for k, v := range g {
		dlogitScale += v * s[k]
		for x := range d {
			dimages[k/n*d+x] += scale * v * texts[k%n*d+x]
			dtexts[k%n*d+x] += scale * v * images[k/n*d+x]
		}
	}
	return loss, dimages, dtexts, dlogitScale, dbias
}

// TestAgainstExactGradients compares both losses, with and without pairs that are the same, over the edges of tiles and
// the kinds of sums.
func TestAgainstExactGradients(t *testing.T) {
	const d, scale = 8, 20
	for _, n := range []int{1, 2, 12, 128, 129, T + 2, 1030} {
		images, texts := pairs(n, d, 0.7, 2)
		for name, l := range losses(n) {
			name := fmt.Sprintf("%s, N=%d", name, n)
			loss, wantImages, wantTexts, wantScale, wantBias := exactly(l, float64s(images), float64s(texts), d, scale)
			got, err := l.Forward(images, texts, d, scale)
			if err != nil {
				t.Fatal(err)
			}
			near(t, name, got.Loss, loss, 1e-6*max(1, loss))
			dimages, dtexts := make([]float32, n*d), make([]float32, n*d)
			dlogitScale, err := l.Backward(dimages, dtexts)
			if err != nil {
				t.Fatal(err)
			}
			// A gradient is the sum of N products, each of up to scale/N, rounded to 1e-7 some times.
			tolerance := 1e-6 * max(scale/float64(n), largest(wantImages), largest(wantTexts))
			near(t, name+": dimages", maxDiff(dimages, wantImages), 0, tolerance)
			near(t, name+": dtexts", maxDiff(dtexts, wantTexts), 0, tolerance)
			near(t, name+": dlogit_scale", dlogitScale, wantScale, 1e-6*max(scale, math.Abs(wantScale)))
			if s, ok := l.(*Sigmoid); ok {
				near(t, name+": dlogit_bias", s.BiasGradient, wantBias, 1e-6*max(1, math.Abs(wantBias)))
			}
		}
	}
}

func largest(v []float64) (m float64) {
	for _, x := range v {
		m = max(m, math.Abs(x))
	}
	return m
}

// TestSlopes compares what the gradients are compared with with central differences.
func TestSlopes(t *testing.T) {
	const n, d, step = 9, 4, 1e-5
	images, texts := pairs(n, d, 0.7, 2)
	x, y, logScale := float64s(images), float64s(texts), math.Log(20)
	for name, l := range losses(n) {
		_, dimages, dtexts, dlogitScale, _ := exactly(l, x, y, d, math.Exp(logScale))
		slope := func(at *float64) float64 {
			value := func(v float64) float64 {
				*at = v
				loss, _, _, _, _ := exactly(l, x, y, d, math.Exp(logScale))
				return loss
			}
			old := *at
			up, down := value(old+step), value(old-step)
			*at = old
			return (up - down) / (2 * step)
		}
		for k := range x {
			near(t, fmt.Sprintf("%s: dimages[%d]", name, k), dimages[k], slope(&x[k]), 1e-7)
			near(t, fmt.Sprintf("%s: dtexts[%d]", name, k), dtexts[k], slope(&y[k]), 1e-7)
		}
		near(t, name+": dlogit_scale", dlogitScale, slope(&logScale), 1e-7)
	}
}

// TestSameCountNotAgainst has two captions twice: what is the same neither lowers the accuracy nor raises the loss.
func TestSameCountNotAgainst(t *testing.T) {
	images := []float32{1, 0, 1, 0, 0, 1, 0, 1}
	c := Contrastive{Same: []int32{4, 4, 9, 9}}
	got, err := c.Forward(images, images, 2, 20)
	if err != nil {
		t.Fatal(err)
	}
	if want := math.Log1p(2 * math.Exp(-20)); math.Abs(got.Loss-want) > 1e-7 || got.ImageToText != 1 || got.TextToImage != 1 {
		t.Errorf("%+v, want a loss of %g and all right", got, want)
	}
	c.Same = nil
	if got, _ = c.Forward(images, images, 2, 20); math.Abs(got.Loss-math.Ln2) > 1e-6 || got.ImageToText != 0.5 {
		t.Errorf("%+v, want a loss of ln 2 and the first of two right", got)
	}
}
