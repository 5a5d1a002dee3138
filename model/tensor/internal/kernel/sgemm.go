package kernel

import (
	"fmt"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/blas"

	"github.com/pairstream/pairstream/model/tensor/internal/pool"
)

// Blocks of a product whose sides are packed on the way (Goto and van de Geijn, Anatomy of high-performance matrix
// multiplication): sgemmRows of A and a panel of B, both of sgemmDepth, stay in the second cache, sgemmCols of B in the
// third.
const (
	sgemmDepth = 1024
	sgemmRows  = 84 // a multiple of every tile's height
	sgemmCols  = 1024
)

// sgemm is one call of Sgemm. Its pieces are a grid of rows by columns over C, each a product of its own.
type sgemm struct {
	level       *level
	tA, tB      bool
	m, n, k     int
	alpha, beta float32
	a, b, c     []float32
	lda         int
	ldb         int
	ldc         int
	rows, cols  int // pieces
	strip       int // of depth, after which SgemmPair takes the sum out of float32; 0 in Sgemm
	rest        []float32
}

// sides is where a piece packs its sides to.
type sides struct{ a, b, tile, hi, lo []float32 }

var (
	sgemms = sync.Pool{New: func() any { return new(sgemm) }}
	packed = sync.Pool{New: func() any { return new(sides) }}
)

// Sgemm computes SgemmHere's product on all processors that are free.
func Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	sgemmOn(runtime.GOMAXPROCS(0), tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// SgemmHere computes C (m, n) = alpha·op(A)·op(B) + beta·C as blas.Float32Level3 has it: op(A) is (m, k), op(B) is (k, n), and
// all are stored by rows, lda, ldb and ldc apart. With a beta of 0 it does not read C. It does so on the
// goroutine at hand alone, for callers who have split their work already: pieces of pieces cost more than they gain.
func SgemmHere(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	sgemmOn(1, tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

func sgemmOn(processors int, tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if !checkSgemm(tA, tB, m, n, k, a, lda, b, ldb, c, ldc) {
		return
	}
	if k == 0 || alpha == 0 {
		for i := range m {
			row := c[i*ldc:][:n]
			for j := range row {
				if beta == 0 {
					row[j] = 0
				} else {
					row[j] *= beta
				}
			}
		}
		return
	}
	runSgemm(processors, sgemm{
		tA: tA != blas.NoTrans, tB: tB != blas.NoTrans, m: m, n: n, k: k, alpha: alpha, beta: beta,
		a: a, b: b, c: c, lda: lda, ldb: ldb, ldc: ldc,
	})
}

// SgemmPair computes hi + lo (m, n) = op(A)·op(B) to more than float32's places: strips of so many products, up to 1024,
// are summed in float32, and the strips without rounding. hi is the sum rounded to float32, and lo what is left of it;
// both are stored by rows, ldc apart. It is SgemmHere's in where it runs.
func SgemmPair(strip int, tA, tB blas.Transpose, m, n, k int, a []float32, lda int, b []float32, ldb int, hi, lo []float32, ldc int) {
	if strip < 1 || sgemmDepth%strip != 0 || k < 1 {
		panic(fmt.Sprintf("kernel: sgemm: strips of %d in a depth of %d", strip, k))
	}
	if !checkSgemm(tA, tB, m, n, k, a, lda, b, ldb, hi, ldc) {
		return
	}
	checkSgemm(tA, tB, m, n, k, a, lda, b, ldb, lo, ldc)
	runSgemm(1, sgemm{
		tA: tA != blas.NoTrans, tB: tB != blas.NoTrans, m: m, n: n, k: k,
		a: a, b: b, c: hi, rest: lo, lda: lda, ldb: ldb, ldc: ldc, strip: strip,
	})
}

// checkSgemm panics where sides do not fit, and tells whether there is anything to compute.
func checkSgemm(tA, tB blas.Transpose, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) bool {
	check := func(name string, t blas.Transpose, data []float32, rows, cols, stride int) {
		if t == blas.Trans || t == blas.ConjTrans {
			rows, cols = cols, rows
		} else if t != blas.NoTrans {
			panic(fmt.Sprintf("kernel: sgemm: transpose %q of %s", t, name))
		}
		if rows < 0 || cols < 0 || stride < max(1, cols) || (rows > 0 && cols > 0 && len(data) < (rows-1)*stride+cols) {
			panic(fmt.Sprintf("kernel: sgemm: %s is (%d, %d) in %d values, %d apart", name, rows, cols, len(data), stride))
		}
	}
	check("A", tA, a, m, k, lda)
	check("B", tB, b, k, n, ldb)
	check("C", blas.NoTrans, c, m, n, ldc)
	return m > 0 && n > 0
}

func runSgemm(processors int, job sgemm) {
	s := sgemms.Get().(*sgemm)
	*s = job
	s.level = active
	s.rows, s.cols = split(s.m, s.n, s.k, processors)
	pool.Run(s.rows*s.cols, s)
	*s = sgemm{}
	sgemms.Put(s)
}

// split chooses a grid of about one piece a processor. It cuts the longer side, since each piece packs its own sides,
// and leaves small products whole.
func split(m, n, k, processors int) (rows, cols int) {
	const enough = 1 << 21 // multiplications to a piece: some tens of microseconds
	rows, cols = 1, 1
	pieces := min(float64(processors), float64(m)*float64(n)*float64(k)/enough)
	for float64(2*rows*cols) <= pieces || (rows*cols == 1 && pieces > 1.5) {
		switch {
		case n/cols >= m/rows && n/cols >= 2*panel:
			cols *= 2
		case m/rows >= 2*panel:
			rows *= 2
		default:
			return rows, cols
		}
	}
	return rows, cols
}

// Do computes one piece of C.
func (s *sgemm) Do(piece int) {
	p := packed.Get().(*sides)
	defer packed.Put(p)
	row, col := piece/s.cols, piece%s.cols
	panels := (s.n + panel - 1) / panel
	top, bottom := s.m*row/s.rows, s.m*(row+1)/s.rows
	left, right := panels*col/s.cols*panel, min(s.n, panels*(col+1)/s.cols*panel)
	depth := min(s.k, sgemmDepth)
	p.a = atLeast(p.a, min(bottom-top, sgemmRows)*Pitch(depth))
	p.b = atLeast(p.b, (min(right-left, sgemmCols)+panel-1)/panel*panel*depth)
	for _, tile := range []*[]float32{&p.tile, &p.hi, &p.lo} {
		*tile = atLeast(*tile, s.level.rows[Float32]*panel)
	}
	for j := left; j < right; j += sgemmCols {
		cols := min(right-j, sgemmCols)
		for k := 0; k < s.k; k += sgemmDepth {
			depth := min(s.k-k, sgemmDepth)
			s.packB(p.b, k, j, depth, cols)
			for i := top; i < bottom; i += sgemmRows {
				rows := min(bottom-i, sgemmRows)
				s.packA(p.a, i, k, rows, depth)
				s.block(p, i, j, k, rows, cols, depth)
			}
		}
	}
}

// packA copies rows of op(A) from (i, k) on.
func (s *sgemm) packA(dst []float32, i, k, rows, depth int) {
	stride := Pitch(depth)
	if s.tA {
		s.level.transpose(dst, stride, s.a[k*s.lda+i:], s.lda, depth, rows)
		return
	}
	for r := range rows {
		copy(dst[r*stride:], s.a[(i+r)*s.lda+k:][:depth])
	}
}

// packB copies panels of op(B) from (k, j) on.
func (s *sgemm) packB(dst []float32, k, j, depth, cols int) {
	for c := 0; c < cols; c += panel {
		dst, n := dst[c*depth:], min(panel, cols-c)
		switch {
		case s.tB:
			s.level.transpose(dst, panel, s.b[(j+c)*s.ldb+k:], s.ldb, n, depth)
		case n == panel:
			s.level.gather(dst, s.b[k*s.ldb+j+c:], s.ldb, depth)
		default:
			for r := range depth {
				copy(dst[r*panel:], s.b[(k+r)*s.ldb+j+c:][:n])
			}
		}
	}
}

// block adds the product of the packed sides to C at (i, j), the first time in place of what beta leaves of it.
func (s *sgemm) block(p *sides, i, j, k, rows, cols, depth int) {
	beta := float32(1)
	if k == 0 {
		beta = s.beta
	}
	height := s.level.rows[Float32]
	tiles := (rows + height - 1) / height
	for c := 0; c < cols; c += panel {
		for t := range tiles {
			from, to := rows*t/tiles, rows*(t+1)/tiles
			at := (i+from)*s.ldc + j + c
			if s.strip > 0 {
				s.pair(p, at, from, to, c, k, depth, min(panel, cols-c))
				continue
			}
			out := s.c[at:]
			s.level.prefetch(out, s.ldc, to-from)
			s.level.tileFloat32(to-from, p.a[from*Pitch(depth):], Pitch(depth), p.b[c*depth:], depth, p.tile, panel, false)
			s.level.store(out, s.ldc, p.tile, to-from, min(panel, cols-c), s.alpha, beta)
		}
	}
}

// pair adds the product of rows from to to and of a panel, strip by strip, to the hi and lo that begin at a place.
func (s *sgemm) pair(p *sides, at, from, to, panelAt, k, depth, cols int) {
	rows := to - from
	tile, hi, lo := p.tile[:rows*panel], p.hi[:rows*panel], p.lo[:rows*panel]
	clear(hi)
	clear(lo)
	for r := 0; r < rows && k > 0; r++ {
		copy(hi[r*panel:][:cols], s.c[at+r*s.ldc:])
		copy(lo[r*panel:][:cols], s.rest[at+r*s.ldc:])
	}
	for d := 0; d < depth; d += s.strip {
		a, b := p.a[from*Pitch(depth)+d:], p.b[panelAt*depth+d*panel:]
		s.level.tileFloat32(rows, a, Pitch(depth), b, min(s.strip, depth-d), tile, panel, false)
		s.level.addPair(hi, lo, tile)
	}
	if k+depth == s.k {
		clear(tile)
		s.level.addPair(hi, tile, lo)
		lo = tile
	}
	s.level.store(s.c[at:], s.ldc, hi, rows, cols, 1, 0)
	s.level.store(s.rest[at:], s.ldc, lo, rows, cols, 1, 0)
}
