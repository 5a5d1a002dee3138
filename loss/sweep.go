package loss

import (
	"sync"

	"github.com/pairstream/pairstream/model/tensor"
)

// T is the side of a tile: with 256 its logits and its gradient stay in a second-level cache, and packing the vectors
// costs little beside multiplying them.
const T = 256

// A tile is (T,T), row-major; at the far edges of the matrix it is not filled. What lies beyond means nothing.
type tile struct {
	hi, lo [T * T]float32 // logit = scale·(hi + lo)
	grad   [T * T]float32 // of the loss for the logits
	tops   [T]float32     // of each column
	sums   [T]float32
}

// row is the filled part of row i, counted within the tile.
func row(x *[T * T]float32, i int, cols span) []float32 { return x[i*T:][:cols.len()] }

// A span is a run of rows or columns of the N×N matrix, at most T long.
type span struct{ from, to int }

func (s span) len() int { return s.to - s.from }

var tiles = sync.Pool{New: func() any { return new(tile) }}

// sweep visits each tile of an N×N matrix once, on all processors that are free. The tile handed to visit is scratch.
//
// With B blocks of rows and as many of columns, step k visits the tiles (b, b+k mod B) for all b at once. No two of
// them share a row or a column, so what visit keeps for each row and each column needs neither a lock nor a copy per
// processor; and it is added to in the same order, hence with the same bits, for any number of them. Step 0 is the
// diagonal.
func sweep(n int, visit func(t *tile, rows, cols span)) {
	blocks := (n + T - 1) / T
	block := func(b int) span { return span{b * T, min(b*T+T, n)} }
	for step := range blocks {
		tensor.Split(blocks, func(b int) {
			t := tiles.Get().(*tile)
			defer tiles.Put(t)
			visit(t, block(b), block((b+step)%blocks))
		})
	}
}
