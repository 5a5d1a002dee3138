package kernel

import (
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor/internal/pool"
)

// Sequence is the place of one sequence among the rows of an attention.
type Sequence struct{ Start, Length int }

// Attention is multi-head scaled dot-product attention.
type Attention struct {
	Heads  int
	Causal bool // a row sees itself and the rows before it
}

// attention is one call of Forward. Its pieces are heads of sequences.
type attention struct {
	Attention
	level     *level
	out, qkv  blas32.General
	sequences []Sequence
}

// headScratch is what one head needs: keys in panels of 32 rows (of sequence) by dim steps, values in panels of 32 columns
// by Length steps, and a tile of scores.
type headScratch struct{ keys, values, scores, tile []float32 }

var (
	attentions = sync.Pool{New: func() any { return new(attention) }}
	heads      = sync.Pool{New: func() any { return new(headScratch) }}
)

// Forward computes out (T, W) = softmax(q·kᵀ/√(W/Heads))·v for each sequence and each head. qkv (T, 3W) holds each row's
// query, key and value side by side, each of them all heads side by side. A result depends on the rows of its sequence
// alone; with Causal not on those behind it, unless they are not finite.
func (a Attention) Forward(out, qkv blas32.General, sequences []Sequence) {
	a.each(out, qkv, sequences, pool.Run)
}

// ForwardHere is Forward on the goroutine at hand.
func (a Attention) ForwardHere(out, qkv blas32.General, sequences []Sequence) {
	a.each(out, qkv, sequences, func(pieces int, job pool.Job) {
		for piece := range pieces {
			job.Do(piece)
		}
	})
}

func (a Attention) each(out, qkv blas32.General, sequences []Sequence, run func(int, pool.Job)) {
	if qkv.Cols != 3*out.Cols || a.Heads < 1 || out.Cols%a.Heads != 0 {
		panic(fmt.Sprintf("kernel: attention of %d heads from %d to %d columns", a.Heads, qkv.Cols, out.Cols))
	}
	for _, s := range sequences {
		if s.Start < 0 || s.Length < 1 || s.Start+s.Length > min(qkv.Rows, out.Rows) {
			panic(fmt.Sprintf("kernel: sequence %+v in attention from %d to %d rows", s, qkv.Rows, out.Rows))
		}
	}
	job := attentions.Get().(*attention)
	*job = attention{Attention: a, level: active, out: out, qkv: qkv, sequences: sequences}
	run(len(sequences)*a.Heads, job)
	*job = attention{}
	attentions.Put(job)
}

// Do computes one head of one sequence, a tile of queries at a time.
func (a *attention) Do(piece int) {
	s, head := a.sequences[piece/a.Heads], piece%a.Heads
	width := a.out.Cols
	dim := width / a.Heads
	scale := float32(1 / math.Sqrt(float64(dim)))
	row := func(i int) []float32 { return a.qkv.Data[(s.Start+i)*a.qkv.Stride+head*dim:] }
	h := heads.Get().(*headScratch)
	defer heads.Put(h)
	h.pack(a.level, row(0)[width:], row(0)[2*width:], a.qkv.Stride, s.Length, dim)

	height := a.level.rows[Float32]
	tiles := (s.Length + height - 1) / height
	for t := range tiles {
		from, to := s.Length*t/tiles, s.Length*(t+1)/tiles
		seen := s.Length
		if a.Causal {
			seen = to
		}
		padded := (seen + panel - 1) / panel * panel
		pitch := Pitch(padded)
		for k := 0; k < seen; k += panel {
			a.level.tileFloat32(to-from, row(from), a.qkv.Stride, h.keys[k*dim:], dim, h.scores[k:], pitch, false)
		}
		for i := from; i < to; i++ {
			n := seen
			if a.Causal {
				n = i + 1
			}
			a.level.softmax(h.scores[(i-from)*pitch:][:padded], n, scale)
		}
		out := a.out.Data[(s.Start+from)*a.out.Stride+head*dim:]
		for d := 0; d < dim; d += panel {
			a.level.tileFloat32(to-from, h.scores, pitch, h.values[d*s.Length:], seen, h.tile, panel, false)
			a.level.store(out[d:], a.out.Stride, h.tile, to-from, min(panel, dim-d), 1, 0)
		}
	}
}

// pack lays keys and values (length, dim), of rows stride apart, out in panels. What is beyond them is zero, or left
// over from another head: products with it are not read.
func (h *headScratch) pack(l *level, keys, values []float32, stride, length, dim int) {
	padded := (length + panel - 1) / panel * panel
	wide := (dim + panel - 1) / panel * panel
	h.keys = atLeast(h.keys, padded*dim)
	h.values = atLeast(h.values, wide*length)
	h.scores = atLeast(h.scores, l.rows[Float32]*Pitch(padded))
	h.tile = atLeast(h.tile, l.rows[Float32]*panel)
	for k := 0; k < length; k += panel {
		l.transpose(h.keys[k*dim:], panel, keys[k*stride:], stride, min(panel, length-k), dim)
	}
	for d := 0; d < dim; d += panel {
		if n := dim - d; n >= panel {
			l.gather(h.values[d*length:], values[d:], stride, length)
		} else {
			for r := range length {
				copy(h.values[d*length+r*panel:][:n], values[r*stride+d:])
			}
		}
	}
}

// atLeast returns a slice of length n, which is s if that is long enough.
func atLeast(s []float32, n int) []float32 {
	if cap(s) < n {
		return aligned[float32](max(n, 2*cap(s)))[:n]
	}
	return s[:n]
}
