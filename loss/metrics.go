package loss

import (
	"fmt"
	"math"
)

// Metrics are what the logits of N pairs tell about a model.
type Metrics struct {
	Pairs int // N

	// Loss is the symmetric cross-entropy in nats, the mean of both directions: ln N where the model knows nothing.
	Loss float64

	// The share of images whose own caption has the highest logit among all N captions, and the share of captions whose
	// own image has the highest among all N images. Where several share the highest, the one of the lowest index has it.
	ImageToText, TextToImage float64
}

// FromLogits computes the metrics of a whole matrix: logits is (N,N) with one row an image and one column a caption,
// already multiplied by the scale; image i and caption i are a pair. A NaN among the logits makes the loss NaN, and
// its row and its column count as wrong; -Inf leaves a pair out.
func FromLogits(logits []float32, n int) (Metrics, error) {
	if n <= 0 || len(logits)%n != 0 || len(logits)/n != n {
		return Metrics{}, fmt.Errorf("loss: %d logits are no matrix of %d by %d", len(logits), n, n)
	}
	var y tally
	y.reset(n)
	sweep(n, func(t *tile, rows, cols span) {
		for i := range rows.len() {
			for j, v := range logits[(rows.from+i)*n:][cols.from:cols.to] {
				t.logits[i*T+j] = float64(v)
			}
		}
		y.add(t, rows, cols)
	})
	return y.metrics(), nil
}

// A tally reads the logits tile by tile, and knows at the end what the loss and its gradient need of each row and
// each column.
type tally struct {
	rows, cols []running // (N)
	own        []float64 // (N) the diagonal: the logit of each pair
}

func (y *tally) reset(n int) {
	y.rows, y.cols, y.own = resize(y.rows, n), resize(y.cols, n), resize(y.own, n)
	for i := range n {
		y.rows[i], y.cols[i] = nothing, nothing
	}
}

// add reads one tile.
func (y *tally) add(t *tile, rows, cols span) {
	if rows == cols {
		for i := range rows.len() {
			y.own[rows.from+i] = t.logits[i*T+i]
		}
	}
	for i := range rows.len() {
		y.rows[rows.from+i].add(t.logits[i*T:], 1, cols)
	}
	for j := range cols.len() {
		y.cols[cols.from+j].add(t.logits[j:], T, rows)
	}
}

func (y *tally) metrics() Metrics {
	n := len(y.own)
	var sum float64
	var images, texts int
	for i, own := range y.own {
		row, col := y.rows[i].logSumExp(), y.cols[i].logSumExp()
		sum += (row+col)/2 - own
		if y.rows[i].best == i && !math.IsNaN(row) {
			images++
		}
		if y.cols[i].best == i && !math.IsNaN(col) {
			texts++
		}
	}
	return Metrics{
		Pairs:       n,
		Loss:        sum / float64(n),
		ImageToText: float64(images) / float64(n),
		TextToImage: float64(texts) / float64(n),
	}
}

// running is the log-sum-exp of one row or column, of what has been seen of it so far: max + log(sum).
type running struct {
	max  float64
	best int     // where max is; the lowest such index
	sum  float64 // Σ exp(logit - max)
}

// nothing has been seen yet. Its max is finite, so that a logit of -Inf, too, can be taken from it.
var nothing = running{max: -math.MaxFloat64, best: -1}

// add takes in the logits of the indices in s, which lie step apart.
func (r *running) add(logits []float64, step int, s span) {
	top := r.max
	for k := range s.len() {
		if v := logits[k*step]; v > top || v == top && s.from+k < r.best {
			top, r.best = v, s.from+k
		}
	}
	if top > r.max {
		r.sum *= math.Exp(r.max - top)
		r.max = top
	}
	for k := range s.len() {
		r.sum += math.Exp(logits[k*step] - top)
	}
}

func (r *running) logSumExp() float64 { return r.max + math.Log(r.sum) }

// resize gives a slice of n elements, in the memory of s where it is enough.
func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
