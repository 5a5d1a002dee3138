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
	length, rows, dim := len(qkv)/(3*a.Width), len(out)/a.Width, a.Width/a.Heads
	for head := 0; head < a.Width; head += dim {
		p := a.probabilities(scores, qkv, head, first, rows)
		_, _, v := a.parts(qkv, head)
		GemmHere(blas.NoTrans, blas.NoTrans, 1, matrix(p, rows, length, length), v, 0, matrix(out[head:], rows, dim, a.Width))
	}
}

// Backward is the gradient of Forward for qkv: dqkv (L, 3W) is overwritten. dout is (N, W); scores is scratch space
// for 2·N·L values. Of each head, with p = softmax(s), s = q·kᵀ/√(W/Heads), out = p·v:
//
//	dv = pᵀ·dout
//	dp = dout·vᵀ
//	ds = p · (dp - Σ dp·p)
//	dq = ds·k/√(W/Heads), dk = dsᵀ·q/√(W/Heads)
func (a Attention) Backward(dqkv, dout, qkv, scores []float32, first int) {
	width, stride := a.Width, 3*a.Width
	length, rows, dim := len(qkv)/stride, len(dout)/width, a.Width/a.Heads
	dscores := scores[rows*length : 2*rows*length]
	if rows < length { // the other rows' queries decide nothing
		for r := range length {
			clear(dqkv[r*stride : r*stride+width])
		}
	}
	for head := 0; head < width; head += dim {
		p := a.probabilities(scores, qkv, head, first, rows)
		q, k, v := a.parts(qkv, head)
		dq, dk, dv := a.parts(dqkv, head)
		q.Rows, q.Data = rows, q.Data[first*stride:]
		dq.Rows, dq.Data = rows, dq.Data[first*stride:]
		grad := matrix(dout[head:], rows, dim, width)

		GemmHere(blas.Trans, blas.NoTrans, 1, matrix(p, rows, length, length), grad, 0, dv)
		ds := matrix(dscores, rows, length, length)
		GemmHere(blas.NoTrans, blas.Trans, 1, grad, v, 0, ds)
		for i := range rows {
			softmaxBackward(dscores[i*length:(i+1)*length], p[i*length:(i+1)*length])
		}
		GemmHere(blas.NoTrans, blas.NoTrans, a.scale(), ds, k, 0, dq)
		GemmHere(blas.Trans, blas.NoTrans, a.scale(), ds, q, 0, dk)
	}
}

// parts are the queries, keys and values (L, dim) of the head that begins at that column.
func (a Attention) parts(qkv []float32, head int) (q, k, v blas32.General) {
	stride, dim := 3*a.Width, a.Width/a.Heads
	length := len(qkv) / stride
	return matrix(qkv[head:], length, dim, stride), matrix(qkv[a.Width+head:], length, dim, stride),
		matrix(qkv[2*a.Width+head:], length, dim, stride)
}

func (a Attention) scale() float32 { return float32(1 / math.Sqrt(float64(a.Width/a.Heads))) }

// probabilities computes p (N, L) = softmax(q·kᵀ/√(W/Heads)) of one head, in scores.
func (a Attention) probabilities(scores, qkv []float32, head, first, rows int) []float32 {
	q, k, _ := a.parts(qkv, head)
	q.Rows, q.Data = rows, q.Data[first*q.Stride:]
	scores = scores[:rows*k.Rows]
	GemmHere(blas.NoTrans, blas.Trans, a.scale(), q, k, 0, matrix(scores, rows, k.Rows, k.Rows))
	for i := range rows {
		row := scores[i*k.Rows : (i+1)*k.Rows]
		if a.Causal {
			seen := first + i + 1
			clear(row[seen:])
			row = row[:seen]
		}
		softmax(row)
	}
	return scores
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

// softmaxBackward replaces dp by the gradient for what p is the softmax of.
func softmaxBackward(dp, p []float32) {
	var sum float64
	for i, v := range p {
		sum += float64(dp[i]) * float64(v)
	}
	for i, v := range p {
		dp[i] = v * float32(float64(dp[i])-sum)
	}
}
