package kernel

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// TestSgemm compares with gonum's over all transpositions, over edges of tiles and blocks, strides, alpha and beta. The
// tolerance is that of adding up in another order.
func TestSgemm(t *testing.T) {
	sizes := [][3]int{{1, 1, 1}, {3, 5, 2}, {15, 33, 9}, {32, 64, 40}, {3, 40, sgemmDepth + 6}, {sgemmRows + 5, 40, 7}, {5, sgemmCols + 6, 8}}
	for _, size := range sizes {
		m, n, k := size[0], size[1], size[2]
		for _, tA := range []blas.Transpose{blas.NoTrans, blas.Trans} {
			for _, tB := range []blas.Transpose{blas.NoTrans, blas.Trans} {
				lda, ldb, ldc := k+3, n+1, n+2
				a, b := random(1, m*lda), random(2, k*ldb)
				if tA == blas.Trans {
					lda = m + 3
					a = random(1, k*lda)
				}
				if tB == blas.Trans {
					ldb = k + 1
					b = random(2, n*ldb)
				}
				for _, f := range [][2]float32{{1, 0}, {-0.5, 2}, {1, 1}, {0, 3}, {0, 0}} {
					before := random(3, m*ldc)
					want := slices.Clone(before)
					gonum.Implementation{}.Sgemm(tA, tB, m, n, k, f[0], a, lda, b, ldb, f[1], want, ldc)
					if f[1] == 0 { // C is not read
						for i := range m {
							for j := range n {
								before[i*ldc+j] = float32(math.NaN())
							}
						}
					}
					eachLevel(t, func(t *testing.T) {
						got := slices.Clone(before)
						Sgemm(tA, tB, m, n, k, f[0], a, lda, b, ldb, f[1], got, ldc)
						what := fmt.Sprintf("%v %c%c %v", size, tA, tB, f)
						for i, w := range want {
							near(t, what, i, got[i], float64(w), math.Sqrt(float64(k))+3, 4e-6)
						}
					})
				}
			}
		}
	}
}

// TestSgemmBits checks that an element does not depend on the rows and columns around it, nor on the processors.
func TestSgemmBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	const m, n, k = 100, 150, 300
	a, b := random(1, m*k), random(2, k*n)
	eachLevel(t, func(t *testing.T) {
		want := make([]float32, m*n)
		runtime.GOMAXPROCS(1)
		Sgemm(blas.NoTrans, blas.NoTrans, m, n, k, 1, a, k, b, n, 0, want, n)
		for _, p := range []int{2, 3, 8} {
			runtime.GOMAXPROCS(p)
			got := make([]float32, m*n)
			Sgemm(blas.NoTrans, blas.NoTrans, m, n, k, 1, a, k, b, n, 0, got, n)
			same(t, fmt.Sprint(p, " processors"), got, want)
		}
		for _, at := range [][4]int{{0, 1, 0, 1}, {99, 100, 149, 150}, {17, 60, 31, 98}} { // rows, columns
			rows, cols := at[1]-at[0], at[3]-at[2]
			got := make([]float32, rows*cols)
			Sgemm(blas.NoTrans, blas.NoTrans, rows, cols, k, 1, a[at[0]*k:], k, b[at[2]:], n, 0, got, cols)
			for i := range rows {
				same(t, fmt.Sprint(at), got[i*cols:(i+1)*cols], want[(at[0]+i)*n+at[2]:][:cols])
			}
		}
	})
}

func TestSgemmPanics(t *testing.T) {
	x := make([]float32, 100)
	for name, call := range map[string]func(){
		"short A":   func() { Sgemm(blas.NoTrans, blas.NoTrans, 11, 1, 10, 1, x, 10, x, 1, 0, x, 1) },
		"short C":   func() { Sgemm(blas.NoTrans, blas.NoTrans, 11, 10, 1, 1, x, 1, x, 10, 0, x, 10) },
		"stride":    func() { Sgemm(blas.NoTrans, blas.Trans, 2, 2, 5, 1, x, 5, x, 4, 0, x, 2) },
		"transpose": func() { Sgemm('X', blas.NoTrans, 1, 1, 1, 1, x, 1, x, 1, 0, x, 1) },
		"negative":  func() { Sgemm(blas.NoTrans, blas.NoTrans, -1, 1, 1, 1, x, 1, x, 1, 0, x, 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			call()
		}()
	}
}
