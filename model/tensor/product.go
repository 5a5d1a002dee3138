package tensor

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/gonum"

	"github.com/pairstream/pairstream/model/tensor/internal/kernel"
)

// Gemm computes c = alpha·op(a)·op(b) + beta·c on all processors that are free. Every element is added up in an order
// that only the depth of the product decides.
func Gemm(opA, opB blas.Transpose, alpha float32, a, b blas32.General, beta float32, c blas32.General) {
	kernel.Sgemm(opA, opB, c.Rows, c.Cols, depth(opA, a), alpha, a.Data, a.Stride, b.Data, b.Stride, beta, c.Data, c.Stride)
}

// GemmHere is Gemm on the goroutine at hand alone, for pieces of work that Split has made.
func GemmHere(opA, opB blas.Transpose, alpha float32, a, b blas32.General, beta float32, c blas32.General) {
	kernel.SgemmHere(opA, opB, c.Rows, c.Cols, depth(opA, a), alpha, a.Data, a.Stride, b.Data, b.Stride, beta, c.Data, c.Stride)
}

func depth(op blas.Transpose, a blas32.General) int {
	if op != blas.NoTrans {
		return a.Rows
	}
	return a.Cols
}

// GemmPair computes hi + lo = op(a)·op(b) with more places than float32 has. hi is the sum rounded, lo, laid out alike,
// what is left of it; only strips of so many products, a power of two up to 1024, are summed in float32.
// It works on the goroutine at hand alone.
func GemmPair(strip int, opA, opB blas.Transpose, a, b, hi, lo blas32.General) {
	kernel.SgemmPair(strip, opA, opB, hi.Rows, hi.Cols, depth(opA, a), a.Data, a.Stride, b.Data, b.Stride, hi.Data, lo.Data, hi.Stride)
}

// BLAS is gonum's, with matrix products by Gemm's kernels. blas32.Use(tensor.BLAS{}) gives them to all of a program.
type BLAS struct{ gonum.Implementation }

// Sgemm computes C = alpha·op(A)·op(B) + beta·C.
func (BLAS) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	kernel.Sgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// matrix views x (rows, cols), which may be part of rows that are wider.
func matrix(x []float32, rows, cols, stride int) blas32.General {
	return blas32.General{Rows: rows, Cols: cols, Stride: stride, Data: x}
}
