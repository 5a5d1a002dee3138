package tensor

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Attention is multi-head scaled dot-product attention over one sequence of L rows.
type Attention struct {
	Width, Heads int
	Causal       bool // a row sees itself and the rows before it
}

// Forward computes out (N, W) = softmax(q·kᵀ/√(W/Heads))·v for N query rows from row first on. qkv (L, 3W) holds
// each row's query, key and value side by side, each of them all heads side by side. scores is scratch space
// for N·L values.
func (a Attention) Forward(out, qkv, scores []float32, first int) {
	width, stride := a.Width, 3*a.Width
	length, rows := len(qkv)/stride, len(out)/width
	scores = scores[:rows*length]
	dim := width / a.Heads
	scale := float32(1 / math.Sqrt(float64(dim)))
	for head := 0; head < width; head += dim {
		// Blocks of rows and of keys keep gonum's products on this goroutine; see Linear.
		for r := 0; r < rows; r += tile {
			n := min(tile, rows-r)
			q := blas32.General{Rows: n, Cols: dim, Stride: stride, Data: qkv[(first+r)*stride+head:]}
			for c := 0; c < length; c += tile {
				k := blas32.General{Rows: min(tile, length-c), Cols: dim, Stride: stride, Data: qkv[c*stride+width+head:]}
				s := blas32.General{Rows: n, Cols: k.Rows, Stride: length, Data: scores[r*length+c:]}
				blas32.Gemm(blas.NoTrans, blas.Trans, scale, q, k, 0, s)
			}
			for i := r; i < r+n; i++ {
				row := scores[i*length : (i+1)*length]
				if a.Causal {
					seen := first + i + 1
					clear(row[seen:])
					row = row[:seen]
				}
				softmax(row)
			}
			p := blas32.General{Rows: n, Cols: length, Stride: length, Data: scores[r*length:]}
			v := blas32.General{Rows: length, Cols: dim, Stride: stride, Data: qkv[2*width+head:]}
			for c := 0; c < dim; c += tile {
				v := blas32.General{Rows: length, Cols: min(tile, dim-c), Stride: stride, Data: v.Data[c:]}
				o := blas32.General{Rows: n, Cols: v.Cols, Stride: width, Data: out[r*width+head+c:]}
				blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, p, v, 0, o)
			}
		}
	}
}

// softmax replaces x by e^x / Σ e^x.
func softmax(x []float32) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	var sum float64
	for i, v := range x {
		e := math.Exp(float64(v - top))
		x[i] = float32(e)
		sum += e
	}
	scale := float32(1 / sum)
	for i := range x {
		x[i] *= scale
	}
}
