package model

import (
	"runtime"
	"sync"

	"github.com/pairstream/pairstream/model/tensor"
)

// tape is what the forward pass of a tower leaves for its backward pass: of T rows in N sequences, about
// 10·W·layers values a row. What both can compute again at little cost is not kept. Its memory is used again by the
// next pass.
//
// Runs of sequences go through the forward pass side by side, each through the whole tower; the backward pass goes
// block by block, first through rows side by side, then through weights side by side. A value is added up in one
// order however many do it.
type tape struct {
	seqs    []sequence
	runs    []run       // of seqs, as split makes them
	blocks  []blockTape // one for each block
	pooled  []float32   // (N, W) what the last block gives
	final   []float32   // (N, W) the same behind the last LayerNorm
	scratch             // for the block at hand
	scores  sync.Pool   // of *[]float32, (2, L, L) of the longest sequence
	longest int
}

// blockTape is one block's part of the tape. Where only pooled rows are computed T is N from mixed on.
type blockTape struct {
	x     []float32 // (T, W) what came in
	qkv   []float32 // (T, 3W)
	mixed []float32 // (T, W) what attention gives to out_proj
	mid   []float32 // (T, W) x with attention added
	fc    []float32 // (T, MLP) before the activation
}

// scratch holds values inside one block and, d before the name, their gradients.
type scratch struct {
	norm1, norm2 []float32 // (T, W) after ln_1 and ln_2
	hidden       []float32 // (T, MLP) after the activation

	dy, dmid, dx   []float32 // (T, W) of what the block gives, of the middle, of what came in
	dnorm1, dnorm2 []float32 // (T, W)
	dmixed         []float32 // (T, W)
	dqkv           []float32 // (T, 3W)
	dfc            []float32 // (T, MLP)
}

// begin lays the tape out for sequences, whose rows follow each other.
func (p *tape) begin(t *transformer, seqs []sequence) {
	rows, longest := 0, 0
	for _, s := range seqs {
		rows, longest = s.start+s.length, max(longest, s.length)
	}
	p.split(seqs, rows)
	p.seqs = seqs
	if len(p.blocks) == 0 {
		p.blocks = make([]blockTape, len(t.blocks))
	}
	for i := range p.blocks {
		b, after := &p.blocks[i], rows
		if i == len(p.blocks)-1 {
			after = len(seqs)
		}
		resize(&b.x, rows*t.width)
		resize(&b.qkv, rows*3*t.width)
		resize(&b.mixed, after*t.width)
		resize(&b.mid, after*t.width)
		resize(&b.fc, after*t.mlp)
	}
	resize(&p.pooled, len(seqs)*t.width)
	resize(&p.final, len(seqs)*t.width)
	for _, buffer := range []*[]float32{&p.norm1, &p.norm2, &p.dy, &p.dmid, &p.dx, &p.dnorm1, &p.dnorm2, &p.dmixed} {
		resize(buffer, rows*t.width)
	}
	resize(&p.dqkv, rows*3*t.width)
	resize(&p.hidden, rows*t.mlp)
	resize(&p.dfc, rows*t.mlp)
	p.scores.New = func() any { return new([]float32) }
	p.longest = longest
}

// split makes runs of about as many rows each: two for each processor, so that all have work to the end, but of no less
// than chunkRows and no more than four times that. Each packs a weight again, and keeps its rows in the cache.
func (p *tape) split(seqs []sequence, rows int) {
	most := min(max(rows/(2*runtime.GOMAXPROCS(0)), chunkRows), 4*chunkRows)
	runs := (rows + most - 1) / most
	p.runs = p.runs[:0]
	for i, s := range seqs {
		if len(p.runs) == 0 || s.start*runs >= len(p.runs)*rows {
			p.runs = append(p.runs, run{from: i})
		}
		p.runs[len(p.runs)-1].to = i + 1
	}
}

// rows gives the part of x, of width values a row, that belongs to a run, or to its pooled rows.
func (p *tape) rows(x []float32, width int, r run, pooled bool) []float32 {
	from, to := r.from, r.to
	if !pooled {
		last := p.seqs[r.to-1]
		from, to = p.seqs[r.from].start, last.start+last.length
	}
	return x[from*width : to*width]
}

// resize gives *x n values, of any content.
func resize(x *[]float32, n int) {
	if cap(*x) < n {
		*x = make([]float32, n)
	}
	*x = (*x)[:n]
}

// affine holds the gradients of a weight and a bias.
type affine struct{ weight, bias []float32 }

func affineAt(get lookup, weight, bias string) affine { return affine{get(weight), get(bias)} }

// jobs are pieces of work that touch different gradients.
type jobs []func()

func (j jobs) run() { tensor.Split(len(j), func(i int) { j[i]() }) }

// weights adds the gradients of y (T, out) = x (T, in)·Wᵀ + b, for some rows of W at a time.
func (j *jobs) weights(d affine, dy, x []float32, out, in int) {
	const rows = 128
	for from := 0; from < out; from += rows {
		*j = append(*j, func() { tensor.BackwardWeight(d.weight, dy, x, out, in, from, min(out, from+rows)) })
	}
	if d.bias != nil {
		*j = append(*j, func() { tensor.BackwardBias(d.bias, dy) })
	}
}

func (j *jobs) norm(n tensor.LayerNorm, d affine, dy, x []float32) {
	*j = append(*j, func() { n.BackwardWeight(d.weight, d.bias, dy, x) })
}
