package model

import "github.com/pairstream/pairstream/model/tensor"

// visionGradient holds the gradients of the image tower's weights.
type visionGradient struct {
	conv, class, position []float32
	lnPre, lnPost         affine
	blocks                []blockGradient
	proj                  []float32
}

func newVisionGradient(cfg Config, get lookup) visionGradient {
	return visionGradient{
		conv:     get("visual.conv1.weight"),
		class:    get("visual.class_embedding"),
		position: get("visual.positional_embedding"),
		lnPre:    affineAt(get, "visual.ln_pre.weight", "visual.ln_pre.bias"),
		blocks:   newBlockGradients("visual.transformer.resblocks", cfg.Image.Layers, get),
		lnPost:   affineAt(get, "visual.ln_post.weight", "visual.ln_post.bias"),
		proj:     get("visual.proj"),
	}
}

// visionTape adds to the tape what the image tower has before its blocks.
type visionTape struct {
	tape
	patches  []float32 // (N·grid², 3·P·P)
	embedded []float32 // (T, W) before ln_pre
}

// record embeds pixels (N, 3, S, S) to dst (N, E) as encode does, and keeps what backward needs.
func (v *vision) record(p *visionTape, dst, pixels []float32) {
	tokens, size := v.tokens(), 3*v.Size*v.Size
	seqs := p.seqs[:0]
	for i := range len(pixels) / size {
		seqs = append(seqs, sequence{start: i * tokens, length: tokens, pool: 0})
	}
	p.begin(&v.transformer, seqs)
	patch := v.grid() * v.grid() * 3 * v.Patch * v.Patch
	resize(&p.patches, len(seqs)*patch)
	resize(&p.embedded, len(seqs)*tokens*v.Width)
	tensor.Split(len(p.runs), func(i int) {
		r := p.runs[i]
		for n := r.from; n < r.to; n++ {
			patches := p.patches[n*patch : (n+1)*patch]
			v.cutPatches(patches, pixels[n*size:(n+1)*size])
			x := p.embedded[n*tokens*v.Width : (n+1)*tokens*v.Width]
			copy(x, v.class)
			v.conv.Forward(x[v.Width:], patches)
			tensor.Add(x, v.position)
		}
		v.lnPre.Forward(p.rows(p.blocks[0].x, v.Width, r, false), p.rows(p.embedded, v.Width, r, false))
		v.transformer.record(&p.tape, r)
		recordHead(&p.tape, v.lnPost, v.proj, dst, r, v.Width)
	})
}

// backward adds the gradients of the weights to d, given ddst (N, E), that of what record computed last. It goes
// down to block first, and where that is 0 on to the embeddings.
func (v *vision) backward(d *visionGradient, p *visionTape, ddst []float32, first int) {
	backwardHead(&p.tape, v.lnPost, v.proj, d.lnPost, d.proj, ddst, v.Width)
	v.transformer.backward(d.blocks, &p.tape, first)
	if first > 0 {
		return
	}
	// x = lnPre([class; conv(patches)] + position), picture by picture
	tokens, width := v.tokens(), v.Width
	tensor.Split(len(p.runs), func(i int) {
		part := func(x []float32) []float32 { return p.rows(x, width, p.runs[i], false) }
		clear(part(p.dx))
		v.lnPre.BackwardInput(part(p.dx), part(p.dy), part(p.embedded))
	})
	class, conv := p.dnorm1[:0], p.dnorm2[:0]
	for n := range p.seqs {
		x := p.dx[n*tokens*width : (n+1)*tokens*width]
		class, conv = append(class, x[:width]...), append(conv, x[width:]...)
	}
	var work jobs
	work.weights(affine{weight: d.conv}, conv, p.patches, width, 3*v.Patch*v.Patch)
	work.norm(v.lnPre, d.lnPre, p.dy, p.embedded)
	work = append(work,
		func() { tensor.BackwardBias(d.class, class) },
		func() { tensor.BackwardBias(d.position, p.dx) })
	work.run()
}
