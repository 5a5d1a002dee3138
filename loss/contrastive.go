package loss

import "math"

// Contrastive is CLIP's loss: the symmetric cross-entropy of the scaled cosines of N images and N captions (Radford et
// al. 2021, figure 3). It is computed as in Inf-CL (Cheng et al. 2024): rows and columns keep running log-sum-exps while
// one sweep passes over the tiles.
//
// The zero value is ready. It keeps what Forward found for Backward, O(N), and is used by one goroutine at a time; it
// uses all processors itself, and the results are the same bits for any number of them. The loss is within 1e-6 (of the
// loss, or of 1 if that is more) of what float64 would make of the same vectors.
type Contrastive struct {
	// Same, where it is set, has a number for each pair. Pairs with the same number, as those of one caption, are not
	// held against each other: their logits count in neither direction.
	Same []int32

	window
	tally
}

// Forward computes
//
//	S = scale · images · textsᵀ
//	loss = (CE(S, 0…N-1) + CE(Sᵀ, 0…N-1)) / 2
//
// as Loss says.
func (c *Contrastive) Forward(images, texts []float32, d int, scale float32) (Metrics, error) {
	if err := c.set(images, texts, d, scale, c.Same); err != nil {
		return Metrics{}, err
	}
	c.reset(c.n, scale)
	sweep(c.n, func(t *tile, rows, cols span) {
		c.logits(t, rows, cols)
		c.add(t, rows, cols)
	})
	return c.metrics(scale), nil
}

// Backward computes
//
//	G = (exp(S - lse_row) + exp(S - lse_col)) / 2N - [i=j] / N      the gradient of S
//	dimages = scale · G · texts
//	dtexts = scale · Gᵀ · images
//	dlogitScale = Σ G∘S
//
// as Loss says.
func (c *Contrastive) Backward(dimages, dtexts []float32) (dlogitScale float64, err error) {
	if err := c.gradients(dimages, dtexts); err != nil {
		return 0, err
	}
	rowTops, rowWeights := c.shares(&c.rows)
	colTops, colWeights := c.shares(&c.cols)
	slopes := make([]float64, c.n) // each row's part of Σ G∘S, before it is scaled
	sweep(c.n, func(t *tile, rows, cols span) {
		c.logits(t, rows, cols)
		for i := range rows.len() {
			k := rows.from + i
			if rows == cols {
				t.omit(i, i)
			}
			g := row(&t.grad, i, cols)
			slopes[k] += float64(c.kernels.Shares(g, colTops[cols.from:], colWeights[cols.from:],
				row(&t.hi, i, cols), row(&t.lo, i, cols), rowTops[k], rowWeights[k]))
			if rows == cols {
				own := c.gradientOfOwn(k)
				g[i] = float32(own)
				slopes[k] += own * c.own[k]
			}
		}
		c.backward(dimages, dtexts, t, rows, cols)
	})
	for _, slope := range slopes {
		dlogitScale += float64(c.scale) * slope
	}
	return dlogitScale, nil
}

// shares takes what exp(S - lse)/2N needs of each line apart: 2^(S-top)·weight, in units of ln 2.
func (c *Contrastive) shares(l *lines) (tops, weights []float32) {
	tops, weights = make([]float32, c.n), make([]float32, c.n)
	for i := range c.n {
		lse := l.logSumExp(i)
		top := math.RoundToEven(lse)
		tops[i], weights[i] = float32(top), float32(math.Exp2(top-lse)/float64(2*c.n))
	}
	return tops, weights
}

// gradientOfOwn is G on the diagonal, whose two parts would cancel in float32.
func (c *Contrastive) gradientOfOwn(i int) float64 {
	own := float64(c.scale) * c.own[i]
	return (math.Expm1(own-math.Ln2*c.rows.logSumExp(i)) + math.Expm1(own-math.Ln2*c.cols.logSumExp(i))) / float64(2*c.n)
}
