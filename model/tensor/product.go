package tensor

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// tile keeps every product at one 64×64 block of gonum's, which it computes without goroutines of its own and
// as one dot product an element.
const tile = 64

// product computes c = alpha·op(a)·op(b) + beta·c, tile by tile. An element of c is added up in an order that only
// the depth of the product decides.
func product(opA, opB blas.Transpose, alpha float32, a, b blas32.General, beta float32, c blas32.General) {
	for col := 0; col < c.Cols; col += tile {
		right := b
		if cols := min(tile, c.Cols-col); opB == blas.Trans {
			right.Rows, right.Data = cols, b.Data[col*b.Stride:]
		} else {
			right.Cols, right.Data = cols, b.Data[col:]
		}
		for row := 0; row < c.Rows; row += tile {
			left := a
			if rows := min(tile, c.Rows-row); opA == blas.Trans {
				left.Cols, left.Data = rows, a.Data[row:]
			} else {
				left.Rows, left.Data = rows, a.Data[row*a.Stride:]
			}
			to := blas32.General{Rows: min(tile, c.Rows-row), Cols: min(tile, c.Cols-col), Stride: c.Stride, Data: c.Data[row*c.Stride+col:]}
			blas32.Gemm(opA, opB, alpha, left, right, beta, to)
		}
	}
}

// matrix views x (rows, cols), which may be part of rows that are wider.
func matrix(x []float32, rows, cols, stride int) blas32.General {
	return blas32.General{Rows: rows, Cols: cols, Stride: stride, Data: x}
}
