// Package loss has the losses that CLIP is trained and measured by, forward beside backward.
//
// An N×N matrix of logits never exists here: it is computed tile by tile, used and forgotten, so that a window of any
// size needs memory for its N rows and columns only.
package loss

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Contrastive is CLIP's loss: the symmetric cross-entropy of the scaled cosines of N images and N captions, of which
// image i and caption i are a pair (Radford et al. 2021, figure 3). It is computed as in Inf-CL (Cheng et al. 2024):
// rows and columns keep running log-sum-exps while one sweep passes over the tiles.
//
// The zero value is ready. It keeps what Forward found for Backward, O(N), and is used by one goroutine at a time; it
// starts as many as GOMAXPROCS itself, and the results are the same bits for any number of them.
type Contrastive struct {
	tally
	images, texts []float32 // (N,D), as Forward was given them
	d             int
	scale         float32
}

// Forward computes the metrics of
//
//	S = scale · images · textsᵀ
//	loss = (CE(S, 0…N-1) + CE(Sᵀ, 0…N-1)) / 2
//
// images and texts are (N,D), row-major, each row of unit length; scale is exp(logit_scale). A NaN in a vector makes
// the loss NaN. It is an error if there are no pairs, or not as many images as texts.
//
// images and texts are kept until the next Forward, and must be the same when Backward is called.
func (c *Contrastive) Forward(images, texts []float32, d int, scale float32) (Metrics, error) {
	if d <= 0 || len(images) == 0 || len(images)%d != 0 || len(texts) != len(images) {
		return Metrics{}, fmt.Errorf("loss: %d numbers of images and %d of texts are no N vectors of %d each",
			len(images), len(texts), d)
	}
	n := len(images) / d
	c.images, c.texts, c.d, c.scale = images, texts, d, scale
	c.reset(n)
	sweep(n, func(t *tile, rows, cols span) {
		c.logits(t, rows, cols)
		c.add(t, rows, cols)
	})
	return c.metrics(), nil
}

// Backward computes the gradients of the loss that Forward computed last:
//
//	G = (exp(S - lse_row) + exp(S - lse_col)) / 2N - [i=j] / N      the gradient of S
//	dimages = scale · G · texts
//	dtexts = scale · Gᵀ · images
//	dlogitScale = Σ G∘S
//
// dimages and dtexts are (N,D), and overwritten. dlogitScale is the gradient of the parameter, the logarithm of scale.
// It is an error if a gradient is not of the size of what Forward was given.
func (c *Contrastive) Backward(dimages, dtexts []float32) (dlogitScale float64, err error) {
	if len(dimages) != len(c.images) || len(dtexts) != len(c.texts) {
		return 0, fmt.Errorf("loss: gradients of %d and %d numbers for %d of images and of texts",
			len(dimages), len(dtexts), len(c.images))
	}
	n := len(c.own)
	rowLSE, colLSE := make([]float64, n), make([]float64, n)
	for i := range n {
		rowLSE[i], colLSE[i] = c.rows[i].logSumExp(), c.cols[i].logSumExp()
	}
	dscale := make([]float64, n) // each row's part
	clear(dimages)
	clear(dtexts)
	sweep(n, func(t *tile, rows, cols span) {
		c.logits(t, rows, cols)
		for i := rows.from; i < rows.to; i++ {
			at := (i - rows.from) * T
			for k, v := range t.logits[at:][:cols.len()] {
				j := cols.from + k
				g := (math.Exp(v-rowLSE[i]) + math.Exp(v-colLSE[j])) / 2
				if i == j {
					g--
				}
				g /= float64(n)
				dscale[i] += g * v
				t.products[at+k] = float32(g)
			}
		}
		g := t.matrix(rows, cols)
		for k := 0; k < c.d; k += strip {
			blas32.Gemm(blas.NoTrans, blas.NoTrans, c.scale, g, c.part(c.texts, cols, k), 1, c.part(dimages, rows, k))
			blas32.Gemm(blas.Trans, blas.NoTrans, c.scale, g, c.part(c.images, rows, k), 1, c.part(dtexts, cols, k))
		}
	})
	for _, g := range dscale {
		dlogitScale += g
	}
	return dlogitScale, nil
}

// strip is how many columns of the vectors enter one product.
const strip = 128

// logits computes one tile of S. Each strip is summed in float32 and the strips in float64: at a scale of 100, float32
// alone was seen to put the loss 1.4e-6 off, and this at most 0.8e-6 (of the loss, or of 1 if that is more).
func (c *Contrastive) logits(t *tile, rows, cols span) {
	clear(t.logits[:])
	p := t.matrix(rows, cols)
	for k := 0; k < c.d; k += strip {
		blas32.Gemm(blas.NoTrans, blas.Trans, 1, c.part(c.images, rows, k), c.part(c.texts, cols, k), 0, p)
		for i, v := range t.products {
			t.logits[i] += float64(c.scale) * float64(v)
		}
	}
}

// part is the strip from column k of the rows that s names of m (N,D).
func (c *Contrastive) part(m []float32, s span, k int) blas32.General {
	width := min(strip, c.d-k)
	return blas32.General{Rows: s.len(), Cols: width, Stride: c.d, Data: m[s.from*c.d+k:][:(s.len()-1)*c.d+width]}
}

// matrix is the filled part of the products.
func (t *tile) matrix(rows, cols span) blas32.General {
	return blas32.General{Rows: rows.len(), Cols: cols.len(), Stride: T, Data: t.products[:]}
}
