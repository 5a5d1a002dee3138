package kernel

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor/internal/pool"
)

// LayerNorm brings each row of x to mean 0 and variance 1, with epsilon added to the variance, then scales and shifts it by
// column. The results are the same rows of y, which may be x.
func LayerNorm(y, x blas32.General, weight, bias []float32, epsilon float32) {
	run(rowJob{level: active, y: y, x: x, weight: weight[:x.Cols], bias: bias[:x.Cols], epsilon: epsilon, n: x.Rows}, x.Cols)
}

// rowJob is work on each of n rows: to normalise it if there are weights, and then to quantise it if there are Rows.
type rowJob struct {
	level        *level
	y, x         blas32.General
	weight, bias []float32
	epsilon      float32
	rows         *Rows
	n, each      int // rows, and rows to a piece
}

var rowJobs = sync.Pool{New: func() any { return new(rowJob) }}

// run does a job, in pieces that take some microseconds.
func run(job rowJob, cols int) {
	const enough = 1 << 14 // values
	j := rowJobs.Get().(*rowJob)
	*j = job
	j.each = max(1, enough/cols)
	pool.Run((j.n+j.each-1)/j.each, j)
	*j = rowJob{}
	rowJobs.Put(j)
}

// here does a job on the goroutine at hand.
func here(j rowJob) {
	j.each = j.n
	j.Do(0)
}

// Do does one piece.
func (j *rowJob) Do(piece int) {
	for i := piece * j.each; i < min(j.n, (piece+1)*j.each); i++ {
		if j.weight != nil {
			j.level.layerNorm(j.y.Data[i*j.y.Stride:][:j.y.Cols], j.x.Data[i*j.x.Stride:][:j.y.Cols], j.weight, j.bias, j.epsilon)
		}
		if j.rows != nil {
			j.rows.quantise(i)
		}
	}
}

// layerNorm brings a row to mean 0 and variance 1, then scales and shifts it by column; y may be x. Sums are in float64
// here, in 16 lanes of float32 on the others.
func layerNorm(y, x, weight, bias []float32, epsilon float32) {
	var sum float64
	for _, v := range x {
		sum += float64(v)
	}
	mean := sum / float64(len(x))
	var squares float64
	for _, v := range x {
		d := float64(v) - mean
		squares += float64(d * d)
	}
	scale := 1 / math.Sqrt(squares/float64(len(x))+float64(epsilon))
	for i, v := range x {
		y[i] = float32(float32((float64(v)-mean)*scale)*weight[i]) + bias[i]
	}
}

// softmax replaces the first n of x by e^(scale·x) / Σ e^(scale·x), and the rest by zeros.
func softmax(x []float32, n int, scale float32) {
	top := x[0]
	for _, v := range x[:n] {
		top = max(top, v)
	}
	var sum float64
	for i, v := range x[:n] {
		e := math.Exp(float64((v - top) * scale))
		x[i] = float32(e)
		sum += e
	}
	share := float32(1 / sum)
	for i := range x[:n] {
		x[i] *= share
	}
	clear(x[n:])
}
