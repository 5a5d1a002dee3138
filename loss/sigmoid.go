package loss

import (
	"math"

	"github.com/pairstream/pairstream/model/tensor"
)

// Sigmoid is SigLIP's loss: each of the N² pairings of an image and a caption is judged on its own (Zhai et al. 2023,
// https://arxiv.org/abs/2303.15343). Its use is that of Contrastive.
type Sigmoid struct {
	Bias float32 // logit_bias

	// Same is Contrastive's: pairings of different pairs with the same number do not count.
	Same []int32

	// BiasGradient is the gradient of Bias, as Backward found it.
	BiasGradient float64

	window
	tally
}

// Forward computes, with z = 1 for the pairs and -1 for all others,
//
//	S = scale · images · textsᵀ + bias
//	loss = -Σ ln sigmoid(z·S) / N
//
// as Loss says.
func (s *Sigmoid) Forward(images, texts []float32, d int, scale float32) (Metrics, error) {
	if err := s.set(images, texts, d, scale, s.Same); err != nil {
		return Metrics{}, err
	}
	s.reset(s.n, scale)
	s.kernels = tensor.NewPairs(float64(scale), float64(s.Bias))
	sweep(s.n, func(t *tile, rows, cols span) {
		s.logits(t, rows, cols)
		s.compare(t, rows, cols, func(*lines, int, float32) {})
		for i := range rows.len() {
			k := rows.from + i
			if rows == cols {
				t.omit(i, i)
				s.rows.sums[k] = softplus(-s.logit(k))
			}
			var sums [16]float32
			s.kernels.Softplus(&sums, row(&t.hi, i, cols), row(&t.lo, i, cols))
			s.rows.sums[k] += total(sums[:])
		}
	})
	m := Metrics{Pairs: s.n, ImageToText: s.rows.accuracy(), TextToImage: s.cols.accuracy()}
	for _, sum := range s.rows.sums {
		m.Loss += sum / float64(s.n)
	}
	return m, nil
}

// Backward computes
//
//	G = -z · sigmoid(-z·S) / N      the gradient of S
//	dimages = scale · G · texts
//	dtexts = scale · Gᵀ · images
//	dlogitScale = Σ G∘(S - bias), BiasGradient = Σ G
//
// as Loss says.
func (s *Sigmoid) Backward(dimages, dtexts []float32) (dlogitScale float64, err error) {
	if err := s.gradients(dimages, dtexts); err != nil {
		return 0, err
	}
	slopes, biases := make([]float64, s.n), make([]float64, s.n) // each row's part of the sums
	sweep(s.n, func(t *tile, rows, cols span) {
		s.logits(t, rows, cols)
		for i := range rows.len() {
			k := rows.from + i
			if rows == cols {
				t.omit(i, i)
			}
			var sums [32]float32
			g := row(&t.grad, i, cols)
			s.kernels.Logistic(&sums, g, row(&t.hi, i, cols), row(&t.lo, i, cols), 1/float32(s.n))
			biases[k] += total(sums[:16])
			slopes[k] += total(sums[16:])
			if rows == cols {
				own := -1 / (1 + math.Exp(s.logit(k))) / float64(s.n)
				g[i] = float32(own)
				biases[k] += own
				slopes[k] += own * s.own[k]
			}
		}
		s.backward(dimages, dtexts, t, rows, cols)
	})
	s.BiasGradient = 0
	for i, slope := range slopes {
		dlogitScale += float64(s.scale) * slope
		s.BiasGradient += biases[i]
	}
	return dlogitScale, nil
}

// logit is S of a pair.
func (s *Sigmoid) logit(i int) float64 { return float64(s.scale)*s.own[i] + float64(s.Bias) }

// softplus is -ln sigmoid(-v).
func softplus(v float64) float64 { return max(v, 0) + math.Log1p(math.Exp(-math.Abs(v))) }

func total(sums []float32) (total float64) {
	for _, v := range sums {
		total += float64(v)
	}
	return total
}
