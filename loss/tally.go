package loss

import (
	"math"

	"github.com/pairstream/pairstream/model/tensor"
)

// A tally reads the logits tile by tile, and knows at the end what the loss and its gradient need of each row and each
// column.
type tally struct {
	kernels    tensor.Pairs
	own        []float64 // (N) the diagonal, before it is scaled
	ownHi      []float32 // (N) the same, rounded
	rows, cols lines
}

// lines are the rows or the columns, each with the logarithm of the sum of the exponentials of what has been seen of it:
// top + log₂(sum).
type lines struct {
	tops   []float32 // an integer, and at most ½ below the greatest logit in units of ln 2
	sums   []float64 // Σ 2^(logit - top)
	beaten []bool    // whether another logit is higher than its own pair's, or as high and before it
}

func (y *tally) reset(n int, scale float32) {
	y.kernels = tensor.NewPairs(float64(scale), 0)
	y.own, y.ownHi = resize(y.own, n), resize(y.ownHi, n)
	for _, l := range []*lines{&y.rows, &y.cols} {
		l.tops, l.sums, l.beaten = resize(l.tops, n), resize(l.sums, n), resize(l.beaten, n)
		for i := range n {
			l.tops[i], l.sums[i], l.beaten[i] = float32(math.Inf(-1)), 0, false
		}
	}
}

// compare finds the greatest of each row and each column of a tile, and hands them on.
func (y *tally) compare(t *tile, rows, cols span, visit func(l *lines, i int, top float32)) {
	if rows == cols {
		y.diagonal(t, rows)
	}
	tops := t.tops[:cols.len()]
	for j := range tops {
		tops[j] = float32(math.Inf(-1))
	}
	for i := range rows.len() {
		top := tensor.Maxima(tops, row(&t.hi, i, cols))
		y.rows.beat(rows.from+i, cols.from, top, y.ownHi)
		visit(&y.rows, rows.from+i, top)
	}
	for j, top := range tops {
		y.cols.beat(cols.from+j, rows.from, top, y.ownHi)
		visit(&y.cols, cols.from+j, top)
	}
}

// diagonal takes note of the pairs' own logits, and compares with them those of their tile.
func (y *tally) diagonal(t *tile, rows span) {
	for i := range rows.len() {
		k := rows.from + i
		y.ownHi[k] = t.hi[i*T+i]
		y.own[k] = float64(t.hi[i*T+i]) + float64(t.lo[i*T+i])
		for j := range rows.len() {
			own := y.ownHi[k]
			higher := func(v float32) bool { return v > own || v == own && j < i }
			y.rows.beaten[k] = y.rows.beaten[k] || own != own || higher(t.hi[i*T+j])
			y.cols.beaten[k] = y.cols.beaten[k] || own != own || higher(t.hi[j*T+i])
		}
	}
}

// beat compares line i's own logit with the greatest of a tile that begins at from. Diagonal does it for its tile, which
// has a line's own logit for its greatest or one that beats it already.
func (l *lines) beat(i, from int, top float32, own []float32) {
	l.beaten[i] = l.beaten[i] || top > own[i] || top == own[i] && from+T <= i
}

// add reads one tile.
func (y *tally) add(t *tile, rows, cols span) {
	y.compare(t, rows, cols, func(l *lines, i int, top float32) {
		if top := y.kernels.Top(top); top > l.tops[i] {
			l.sums[i] *= math.Exp2(float64(l.tops[i]) - float64(top))
			l.tops[i] = top
		}
	})
	sums := t.sums[:cols.len()]
	clear(sums)
	for i := range rows.len() {
		k := rows.from + i
		y.rows.sums[k] += float64(y.kernels.AddExp(sums, y.cols.tops[cols.from:], row(&t.hi, i, cols), row(&t.lo, i, cols), y.rows.tops[k]))
	}
	for j, sum := range sums {
		y.cols.sums[cols.from+j] += float64(sum)
	}
}

// logSumExp is the logarithm of the sum of a line's exponentials, in units of ln 2.
func (l *lines) logSumExp(i int) float64 { return float64(l.tops[i]) + math.Log2(l.sums[i]) }

// accuracy is the share of the lines whose own logit is the highest; a line with a NaN among its logits is not one.
func (l *lines) accuracy() float64 {
	right := 0
	for i, beaten := range l.beaten {
		if !beaten && !math.IsNaN(l.sums[i]) {
			right++
		}
	}
	return float64(right) / float64(len(l.beaten))
}

// metrics are those of CLIP's loss; scale is what cosines are multiplied by.
func (y *tally) metrics(scale float32) Metrics {
	n := len(y.own)
	var sum float64
	for i, own := range y.own {
		sum += math.Ln2*(y.rows.logSumExp(i)+y.cols.logSumExp(i))/2 - float64(scale)*own
	}
	return Metrics{Pairs: n, Loss: sum / float64(n), ImageToText: y.rows.accuracy(), TextToImage: y.cols.accuracy()}
}

// resize gives a slice of n elements, in the memory of s where it is enough.
func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
