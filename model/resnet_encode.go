package model

import (
	"sync"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor"
)

// resNetEncoder is the residual network laid out for inference. Its pictures are rows of a pixel's channels each, (N·H·W, C),
// so that a convolution of single pixels is a product as it stands.
type resNetEncoder struct {
	*resNet
	stem    [3]*tensor.Convolution
	blocks  []bottleneck
	pool    attentionPool
	scratch sync.Pool // of *resNetScratch
}

// bottleneck is a block:
//
//	y = relu(last(shrink(relu(middle(relu(first(x)))))) + down(shrink(x)))
//
// shrink averages squares of 2×2 pixels in the first block of a stage but the first, and down is only there where the
// channels change; else they are x as it is.
type bottleneck struct {
	stage       int
	halves      bool
	first, last *tensor.Packed
	middle      *tensor.Convolution
	down        *tensor.Packed
}

// attentionPool embeds a picture by attention whose query is the mean of its pixels:
//
//	x = [mean; pixels] + position
//	out = c_proj(softmax(q(x₀)·k(x)ᵀ/√d)·v(x))
type attentionPool struct {
	position  []float32      // (1+grid², C)
	query     *tensor.Packed // (C → C)
	attention *tensor.SingleQuery
	proj      *tensor.Packed // in float32, like those of the other towers
}

// resNetScratch is the values inside the network, for as many pictures as a call may bring.
type resNetScratch struct {
	a, b []float32 // pixels between a block's products, and in the stem
	stem [3]*tensor.Rows
	last *tensor.Rows    // what the stem gives
	each [4]stageScratch // stage by stage
	pool poolScratch
}

// stageScratch is that of a stage's blocks.
type stageScratch struct {
	x       *tensor.Rows // (N·H·W, C) what goes from block to block
	windows *tensor.Rows
	hidden  *tensor.Rows // (N·H·W, C/4) what the last product takes
	shrunk  *tensor.Rows // (N·H·W, C) of the stage before
}

type poolScratch struct {
	x, first, mixed *tensor.Rows // (N·(1+grid²), C), (N, C), (N, C)
	queries         []float32    // (N, C)
	seqs            []tensor.Sequence
}

func (r *resNet) pack(p Precision, done func()) imageEncoder {
	half, width := r.Width/2, r.channels()
	e := &resNetEncoder{resNet: r, stem: [3]*tensor.Convolution{
		r.packConvolution(p, "visual.conv1", "visual.bn1", 3, 2),
		r.packConvolution(p, "visual.conv2", "visual.bn2", half, 1),
		r.packConvolution(p, "visual.conv3", "visual.bn3", half, 1),
	}}
	r.bottlenecks(func(name string, stage, in, planes int, halves, down bool) {
		b := bottleneck{
			stage: stage, halves: halves,
			first:  r.packProduct(p, name+".conv1", name+".bn1", in),
			middle: r.packConvolution(p, name+".conv2", name+".bn2", planes, 1),
			last:   r.packProduct(p, name+".conv3", name+".bn3", planes),
		}
		if down {
			b.down = r.packProduct(p, name+".downsample.0", name+".downsample.1", in)
		}
		e.blocks = append(e.blocks, b)
		done()
	})
	linear := func(out int, names ...string) *tensor.Linear {
		var weight, bias []float32
		for _, name := range names {
			weight = append(weight, r.get("visual.attnpool."+name+".weight")...)
			bias = append(bias, r.get("visual.attnpool."+name+".bias")...)
		}
		return tensor.NewLinear(weight, bias, width, out)
	}
	e.pool = attentionPool{
		position:  r.get("visual.attnpool.positional_embedding"),
		query:     linear(width, "q_proj").Pack(p),
		attention: tensor.PackSingleQuery(p, r.Heads, linear(2*width, "k_proj", "v_proj")),
		proj:      linear(r.embed, "c_proj").Pack(tensor.Float32),
	}
	e.scratch.New = func() any { return e.newScratch() }
	return e
}

func (e *resNetEncoder) newScratch() *resNetScratch {
	n, side := e.pictures(), e.Size/4
	s := &resNetScratch{last: tensor.NewRows(e.blocks[0].first, n*side*side)}
	most := n * 4 * side * side * max(e.Width, 12) // the stem's pixels are the most, but for three channels of all
	s.a, s.b = make([]float32, most), make([]float32, most)
	for i, c := range e.stem {
		s.stem[i] = c.NewRows(n * 4 * side * side)
	}
	for i := range e.blocks {
		b, stage := &e.blocks[i], &s.each[e.blocks[i].stage]
		if stage.hidden != nil { // not the stage's first block
			continue
		}
		rows := n * side * side
		if b.halves {
			rows /= 4
			stage.shrunk = tensor.NewRows(b.down, rows)
		}
		stage.windows, stage.hidden = b.middle.NewRows(n*side*side), tensor.NewRows(b.last, rows)
		if b.halves {
			side /= 2
		}
		next := e.pool.query
		if i+1 < len(e.blocks) {
			next = e.blocks[i+1].first
		}
		stage.x = tensor.NewRows(next, rows)
	}
	tokens, width := n*(1+side*side), e.channels()
	s.pool = poolScratch{
		x: tensor.NewRows(e.pool.proj, tokens), first: tensor.NewRows(e.pool.query, n), mixed: tensor.NewRows(e.pool.proj, n),
		queries: make([]float32, n*width),
	}
	return s
}

// encode embeds up to e.pictures() pictures: pixels (N, 3, S, S) to dst (N, E).
func (e *resNetEncoder) encode(dst, pixels []float32, _ int) {
	s := e.scratch.Get().(*resNetScratch)
	defer e.scratch.Put(s)
	n := len(pixels) / (3 * e.Size * e.Size)
	x, side := e.runStem(s, pixels, n), e.Size/4
	for i := range e.blocks {
		b := &e.blocks[i]
		x = b.forward(s, x, n, side)
		if b.halves {
			side /= 2
		}
	}
	e.pool.forward(&s.pool, dst, x.Matrix(n*side*side), n)
}

// runStem takes n pictures to their first rows (n·S/4·S/4, Width).
func (e *resNetEncoder) runStem(s *resNetScratch, pixels []float32, n int) *tensor.Rows {
	size, half := e.Size, e.Size/2
	for i := range n {
		tensor.Interleave(s.a[i*3*size*size:][:3*size*size], pixels[i*3*size*size:(i+1)*3*size*size], 3)
	}
	relu, rows := tensor.Epilogue{Activation: tensor.ActivateReLU}, n*half*half
	from, to := s.a, s.b
	side := size
	for i, c := range e.stem {
		c.Forward(tensor.Matrix(to, rows, c.Out()), tensor.Matrix(from, n*side*side, c.In()), side, side, s.stem[i], relu)
		from, to, side = to, from, half
	}
	tensor.Average(s.last.Matrix(rows/4), tensor.Matrix(from, rows, e.Width), half, half)
	return s.last
}

// forward takes the rows x of n pictures, side pixels high and wide, through the block, and returns those it gives. Where the
// channels stay, they are x's own.
func (b *bottleneck) forward(s *resNetScratch, x *tensor.Rows, n, side int) *tensor.Rows {
	own, relu := &s.each[b.stage], tensor.Epilogue{Activation: tensor.ActivateReLU}
	rows, planes := n*side*side, b.first.Out()
	hidden, middle := tensor.Matrix(s.a, rows, planes), own.hidden.Matrix(rows)
	x.Quantise(rows)
	b.first.Multiply(hidden, x, relu)
	if b.halves {
		middle = tensor.Matrix(s.b, rows, planes)
	}
	b.middle.Forward(middle, hidden, side, side, own.windows, relu)
	beside := x
	if b.halves {
		tensor.Average(own.hidden.Matrix(rows/4), middle, side, side)
		tensor.Average(own.shrunk.Matrix(rows/4), x.Matrix(rows), side, side)
		beside, rows = own.shrunk, rows/4
		beside.Quantise(rows)
	}
	own.hidden.Quantise(rows)
	y := own.x.Matrix(rows)
	if b.down != nil {
		b.down.Multiply(y, beside, tensor.Epilogue{})
	}
	b.last.Multiply(y, own.hidden, tensor.Epilogue{Add: true, Finally: tensor.ActivateReLU})
	return own.x
}

// forward pools the rows of n pictures to dst (n, E).
func (p *attentionPool) forward(s *poolScratch, dst []float32, pixels blas32.General, n int) {
	width := pixels.Cols
	tokens, grid := len(p.position)/width, pixels.Rows/n
	s.seqs = s.seqs[:0]
	for i := range n {
		mean := s.x.Row(i * tokens)
		clear(mean)
		for k := range grid {
			row := pixels.Data[(i*grid+k)*pixels.Stride:][:width]
			tensor.Add(mean, row)
			copy(s.x.Row(i*tokens+1+k), row)
		}
		for k := range mean {
			mean[k] /= float32(grid)
		}
		for k := range tokens {
			tensor.Add(s.x.Row(i*tokens+k), p.position[k*width:(k+1)*width])
		}
		copy(s.first.Row(i), mean)
		s.seqs = append(s.seqs, tensor.Sequence{Start: i * tokens, Length: tokens})
	}
	s.first.Quantise(n)
	queries := tensor.Matrix(s.queries, n, width)
	p.query.Multiply(queries, s.first, tensor.Epilogue{})
	p.attention.Forward(s.mixed.Matrix(n), queries, s.x.Matrix(n*tokens), s.seqs)
	p.proj.Multiply(tensor.Matrix(dst, n, p.proj.Out()), s.mixed, tensor.Epilogue{})
}
