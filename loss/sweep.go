package loss

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// T is the side of a tile. It is Inf-CL's, and gonum's Gemm computes products of this size by one dot product for each
// element, on the calling goroutine: two equal captions then get equal logits wherever in the matrix they stand.
const T = 64

// A tile is (T,T), row-major; at the far edges of the matrix it is not filled. What lies beyond means nothing.
type tile struct {
	logits   [T * T]float64
	products [T * T]float32 // for Gemm to write
}

// A span is a run of rows or columns of the N×N matrix, at most T long.
type span struct{ from, to int }

func (s span) len() int { return s.to - s.from }

// sweep visits each tile of an N×N matrix once, from several goroutines. The tile handed to visit is scratch.
//
// With B blocks of rows and as many of columns, step k visits the tiles (b, b+k mod B) for all b at once. No two of
// them share a row or a column, so what visit keeps for each row and each column needs neither a lock nor a copy per
// goroutine; and it is added to in the same order, hence with the same bits, for any number of goroutines. Step 0 is
// the diagonal.
func sweep(n int, visit func(t *tile, rows, cols span)) {
	blocks := (n + T - 1) / T
	block := func(b int) span { return span{b * T, min(b*T+T, n)} }

	tiles := make([]tile, min(runtime.GOMAXPROCS(0), blocks))
	for step := range blocks {
		var next atomic.Int64
		var wait sync.WaitGroup
		for w := range tiles {
			wait.Go(func() {
				for {
					b := int(next.Add(1)) - 1
					if b >= blocks {
						return
					}
					visit(&tiles[w], block(b), block((b+step)%blocks))
				}
			})
		}
		wait.Wait()
	}
}
