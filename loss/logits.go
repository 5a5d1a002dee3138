package loss

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Logits computes the matrix scale · images · textsᵀ that Contrastive does without, for those who want to see it: dst
// is (N,M), images (N,D), texts (M,D), all row-major and of fitting lengths.
func Logits(dst, images, texts []float32, d int, scale float32) {
	n, m := len(images)/d, len(texts)/d
	if n == 0 || m == 0 {
		return
	}
	blas32.Gemm(blas.NoTrans, blas.Trans, scale,
		blas32.General{Rows: n, Cols: d, Stride: d, Data: images},
		blas32.General{Rows: m, Cols: d, Stride: d, Data: texts}, 0,
		blas32.General{Rows: n, Cols: m, Stride: m, Data: dst})
}
