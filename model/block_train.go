package model

import (
	"fmt"

	"github.com/pairstream/pairstream/model/tensor"
)

// blockGradient holds the gradients of a block's weights.
type blockGradient struct{ ln1, qkv, out, ln2, fc, contract affine }

func newBlockGradients(prefix string, layers int, get lookup) []blockGradient {
	list := make([]blockGradient, layers)
	for i := range list {
		name := fmt.Sprintf("%s.%d", prefix, i)
		list[i] = blockGradient{
			ln1:      affineAt(get, name+".ln_1.weight", name+".ln_1.bias"),
			qkv:      affineAt(get, name+".attn.in_proj_weight", name+".attn.in_proj_bias"),
			out:      affineAt(get, name+".attn.out_proj.weight", name+".attn.out_proj.bias"),
			ln2:      affineAt(get, name+".ln_2.weight", name+".ln_2.bias"),
			fc:       affineAt(get, name+".mlp.c_fc.weight", name+".mlp.c_fc.bias"),
			contract: affineAt(get, name+".mlp.c_proj.weight", name+".mlp.c_proj.bias"),
		}
	}
	return list
}

// record runs the rows of a run, which stand in the first block's x, through all blocks, to p.pooled. It computes
// what forward does, bit for bit.
func (t *transformer) record(p *tape, r run) {
	for i := range t.blocks {
		t.recordBlock(i, p, r)
	}
}

func (t *transformer) recordBlock(i int, p *tape, r run) {
	b, k, pooled := &t.blocks[i], &p.blocks[i], i == len(t.blocks)-1
	x, normed := p.rows(k.x, t.width, r, false), p.rows(p.norm1, t.width, r, false)
	b.ln1.Forward(normed, x)
	b.qkv.Forward(p.rows(k.qkv, 3*t.width, r, false), normed)
	t.eachSequence(p, r, func(n int, s sequence, scores []float32) {
		qkv := k.qkv[s.start*3*t.width : (s.start+s.length)*3*t.width]
		if pooled {
			t.attention.Forward(k.mixed[n*t.width:(n+1)*t.width], qkv, scores, s.pool)
			copy(k.mid[n*t.width:(n+1)*t.width], k.x[(s.start+s.pool)*t.width:])
			return
		}
		t.attention.Forward(k.mixed[s.start*t.width:(s.start+s.length)*t.width], qkv, scores, 0)
	})
	mid, y := p.rows(k.mid, t.width, r, pooled), p.rows(p.pooled, t.width, r, true)
	if !pooled {
		copy(mid, x)
		y = p.rows(p.blocks[i+1].x, t.width, r, false)
	}
	b.out.ForwardAdd(mid, p.rows(k.mixed, t.width, r, pooled))
	normed = normed[:len(mid)]
	b.ln2.Forward(normed, mid)
	fc := p.rows(k.fc, t.mlp, r, pooled)
	hidden := p.rows(p.hidden, t.mlp, r, false)[:len(fc)] // other runs may be in other blocks: keep to this one's rows
	b.fc.Forward(fc, normed)
	t.activate(hidden, fc)
	copy(y, mid)
	b.contract.ForwardAdd(y, hidden)
}

// backward takes the gradient of p.pooled, in p.dy (N, W), through the blocks from the last down to the first one,
// adds the gradients of their weights to d, and leaves in p.dy that of what came into block first.
func (t *transformer) backward(d []blockGradient, p *tape, first int) {
	for i := len(t.blocks) - 1; i >= first; i-- {
		tensor.Split(len(p.runs), func(r int) { t.backwardRows(i, p, p.runs[r]) })
		t.backwardWeights(i, &d[i], p)
		p.dy, p.dx = p.dx, p.dy
	}
}

// backwardRows takes a run's part of p.dy, the gradient of what block i gives, to p.dx, that of what came in.
func (t *transformer) backwardRows(i int, p *tape, r run) {
	b, k, pooled := &t.blocks[i], &p.blocks[i], i == len(t.blocks)-1
	part := func(x []float32, width int) []float32 { return p.rows(x, width, r, pooled) }

	// y = mid + contract(activate(fc(ln2(mid))))
	mid, dy, fc, dfc, dnorm := part(k.mid, t.width), part(p.dy, t.width), part(k.fc, t.mlp), part(p.dfc, t.mlp), part(p.dnorm2, t.width)
	b.ln2.Forward(part(p.norm2, t.width), mid)
	hidden := part(p.hidden, t.mlp)
	t.activate(hidden, fc)
	b.contract.BackwardInput(dfc, dy)
	t.activateBackward(dfc, dfc, fc)
	b.fc.BackwardInput(dnorm, dfc)
	dmid := part(p.dmid, t.width)
	copy(dmid, dy)
	b.ln2.BackwardInput(dmid, dnorm, mid)

	// mid = x + out(attention(qkv(ln1(x))))
	b.out.BackwardInput(part(p.dmixed, t.width), dmid)
	whole := func(x []float32, width int) []float32 { return p.rows(x, width, r, false) }
	x, dx := whole(k.x, t.width), whole(p.dx, t.width)
	clear(dx)
	t.eachSequence(p, r, func(n int, s sequence, scores []float32) {
		from, rows, query := s.start, s.length, 0
		if pooled {
			from, rows, query = n, 1, s.pool
		}
		in := func(x []float32, width int) []float32 { return x[s.start*width : (s.start+s.length)*width] }
		t.attention.Backward(in(p.dqkv, 3*t.width), p.dmixed[from*t.width:(from+rows)*t.width], in(k.qkv, 3*t.width), scores, query)
		copy(p.dx[(s.start+query)*t.width:], p.dmid[from*t.width:(from+rows)*t.width])
	})
	b.ln1.Forward(whole(p.norm1, t.width), x)
	b.qkv.BackwardInput(whole(p.dnorm1, t.width), whole(p.dqkv, 3*t.width))
	b.ln1.BackwardInput(dx, whole(p.dnorm1, t.width), x)
}

// backwardWeights adds the gradients of block i's weights, of all rows.
func (t *transformer) backwardWeights(i int, d *blockGradient, p *tape) {
	b, k := &t.blocks[i], &p.blocks[i]
	after := len(k.mid) / t.width
	var work jobs
	work.weights(d.contract, p.dy[:after*t.width], p.hidden[:after*t.mlp], t.width, t.mlp)
	work.weights(d.fc, p.dfc[:after*t.mlp], p.norm2[:after*t.width], t.mlp, t.width)
	work.weights(d.qkv, p.dqkv, p.norm1, 3*t.width, t.width)
	work.weights(d.out, p.dmid[:after*t.width], k.mixed, t.width, t.width)
	work.norm(b.ln2, d.ln2, p.dnorm2[:after*t.width], k.mid)
	work.norm(b.ln1, d.ln1, p.dnorm1, k.x)
	work.run()
}

// eachSequence visits the sequences of a run with scratch space for attention.
func (t *transformer) eachSequence(p *tape, r run, visit func(n int, s sequence, scores []float32)) {
	scores := p.scores.Get().(*[]float32)
	defer p.scores.Put(scores)
	resize(scores, 2*p.longest*p.longest)
	for n := r.from; n < r.to; n++ {
		visit(n, p.seqs[n], *scores)
	}
}
