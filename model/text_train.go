package model

import "github.com/pairstream/pairstream/model/tensor"

// textGradient holds the gradients of the text tower's weights.
type textGradient struct {
	token, position []float32
	blocks          []blockGradient
	lnFinal         affine
	proj            []float32
}

func newTextGradient(cfg Config, get lookup) textGradient {
	return textGradient{
		token:    get("token_embedding.weight"),
		position: get("positional_embedding"),
		blocks:   newBlockGradients("transformer.resblocks", cfg.Text.Layers, get),
		lnFinal:  affineAt(get, "ln_final.weight", "ln_final.bias"),
		proj:     get("text_projection"),
	}
}

// textTape adds to the tape what the text tower needs to know again.
type textTape struct {
	tape
	captions [][]int32 // as cut has shortened them
}

// record embeds captions that cut has shortened to dst (N, E) as encode does, and keeps what backward needs.
func (t *text) record(p *textTape, dst []float32, captions [][]int32) {
	p.captions = captions
	seqs, total := p.seqs[:0], 0
	for _, ids := range captions {
		seqs = append(seqs, sequence{start: total, length: len(ids), pool: len(ids) - 1})
		total += len(ids)
	}
	p.begin(&t.transformer, seqs)
	tensor.Split(len(p.runs), func(i int) {
		r := p.runs[i]
		for n := r.from; n < r.to; n++ {
			t.embed(p.blocks[0].x[p.seqs[n].start*t.Width:], captions[n])
		}
		t.transformer.record(&p.tape, r)
		recordHead(&p.tape, t.lnFinal, t.proj, dst, r, t.Width)
	})
}

// backward adds the gradients of the weights to d, given ddst (N, E), that of what record computed last. It goes
// down to block first, and where that is 0 on to the embeddings.
func (t *text) backward(d *textGradient, p *textTape, ddst []float32, first int) {
	backwardHead(&p.tape, t.lnFinal, t.proj, d.lnFinal, d.proj, ddst, t.Width)
	t.transformer.backward(d.blocks, &p.tape, first)
	if first > 0 {
		return
	}
	// x = token[id] + position
	for n, ids := range p.captions {
		for i, id := range ids {
			at := (p.seqs[n].start + i) * t.Width
			dx := p.dy[at : at+t.Width]
			tensor.Add(d.token[int(id)*t.Width:(int(id)+1)*t.Width], dx)
			tensor.Add(d.position[i*t.Width:(i+1)*t.Width], dx)
		}
	}
}

// recordHead takes a run's pooled rows through the last LayerNorm and the projection, to dst (N, E).
func recordHead(p *tape, norm tensor.LayerNorm, proj *tensor.Linear, dst []float32, r run, width int) {
	final := p.rows(p.final, width, r, true)
	norm.Forward(final, p.rows(p.pooled, width, r, true))
	proj.Forward(p.rows(dst, len(dst)/len(p.seqs), r, true), final)
}

// backwardHead is the gradient of recordHead, from ddst (N, E) to p.dy (N, W). dproj is (W, E), as the original
// keeps it.
func backwardHead(p *tape, norm tensor.LayerNorm, proj *tensor.Linear, dnorm affine, dproj, ddst []float32, width int) {
	n := len(p.seqs)
	dfinal, dy := p.dnorm1[:n*width], p.dy[:n*width]
	proj.BackwardInput(dfinal, ddst)
	clear(dy)
	norm.BackwardInput(dy, dfinal, p.pooled)
	var work jobs
	work.weights(affine{weight: dproj}, p.final, ddst, width, len(ddst)/n)
	work.norm(norm, dnorm, dfinal, p.pooled)
	work.run()
}
