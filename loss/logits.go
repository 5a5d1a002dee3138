package loss

import (
	"fmt"

	"gonum.org/v1/gonum/blas"

	"github.com/pairstream/pairstream/model/tensor"
)

// Logits computes the matrix scale · images · textsᵀ that losses do without, for those who want to see it: dst is (N,M),
// images (N,D), texts (M,D), all row-major and of fitting lengths.
func Logits(dst, images, texts []float32, d int, scale float32) {
	n, m := len(images)/d, len(texts)/d
	tensor.Gemm(blas.NoTrans, blas.Trans, scale, tensor.Matrix(images, n, d), tensor.Matrix(texts, m, d), 0, tensor.Matrix(dst, n, m))
}

// FromLogits computes CLIP's loss of a whole matrix: logits is (N,N) with one row an image and one column a caption,
// already multiplied by the scale; image i and caption i are a pair. A NaN among the logits makes the loss NaN, and
// its row and its column count as wrong; -Inf leaves a pair out.
func FromLogits(logits []float32, n int) (Metrics, error) {
	if n <= 0 || len(logits)%n != 0 || len(logits)/n != n {
		return Metrics{}, fmt.Errorf("loss: %d logits are no matrix of %d by %d", len(logits), n, n)
	}
	var y tally
	y.reset(n, 1)
	sweep(n, func(t *tile, rows, cols span) {
		for i := range rows.len() {
			copy(row(&t.hi, i, cols), logits[(rows.from+i)*n+cols.from:])
			clear(row(&t.lo, i, cols))
		}
		y.add(t, rows, cols)
	})
	return y.metrics(1), nil
}
