package kernel

import (
	"fmt"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor/internal/pool"
)

// Epilogue is what happens to a product on its way to memory.
type Epilogue struct {
	Activation Activation
	Add        bool       // to what is there: a residual branch
	Finally    Activation // of the sum
}

const (
	// cached is how many bytes of the left-hand side are worked on at a time: about a second-level cache.
	cached = 1 << 20
	// block is how many steps of a panel are worked on at a time, 192 KiB of them, so that they stay in that cache from tile to
	// tile. It is a multiple of block16's steps.
	block = 1536
	// together is how many bytes of panels are worked on with each tile's rows.
	together = 2 * block * 4 * panel
	// mostRows of the left-hand side are worked on at a time.
	mostRows = 256
)

// product is one call of Multiply. Its pieces are chunks of rows times groups of panels.
type product struct {
	w      *Weights
	x      *Rows
	y      blas32.General
	then   Epilogue
	chunks int
	groups int
}

// tiles is where a piece keeps sums on their way from the registers to memory.
type tiles struct {
	sums   []int32   // (mostRows, 32)
	values []float32 // (mostRows, 32)
	apart  []float32 // (mostRows, columns apart)
}

var (
	products = sync.Pool{New: func() any { return new(product) }}
	scratch  = sync.Pool{New: func() any {
		return &tiles{sums: aligned[int32](mostRows * panel), values: aligned[float32](mostRows * panel)}
	}}
)

// Multiply computes y (N, out) = f(x·Wᵀ + b), or += with Add, from the first N rows of x, which were made for weights of
// this precision and quantised. y is not in x.
func (w *Weights) Multiply(y blas32.General, x *Rows, then Epilogue) {
	p := products.Get().(*product)
	*p = w.product(y, x, then)
	if n := runtime.GOMAXPROCS(0); n > 1 {
		// Several pieces for each processor, and as many for all, so that they end together. But each waits for memory when
		// it starts, and should take many times that: here are some 40 µs, at two multiplications a step of a panel and row.
		const enough, most = 1 << 16, 4
		panels := len(w.bias) / panel
		pieces := n * max(1, min(most, y.Rows*w.steps*panels/(n*enough)))
		for p.groups < panels && (p.chunks*p.groups < pieces || p.chunks*p.groups%n != 0) {
			p.groups++
		}
	}
	pool.Run(p.chunks*p.groups, p)
	*p = product{}
	products.Put(p)
}

// product checks a call of Multiply, and cuts it into chunks.
func (w *Weights) product(y blas32.General, x *Rows, then Epilogue) product {
	if y.Cols != w.out || y.Stride < y.Cols || x.cols != w.in || x.precision != w.precision || x.level != w.level ||
		(y.Rows > 0 && (len(x.float32s) < (y.Rows-1)*x.stride+x.cols || len(y.Data) < (y.Rows-1)*y.Stride+y.Cols)) {
		panic(fmt.Sprintf("kernel: %v weights %d to %d from %v rows of %d to (%d, %d)", w.precision, w.in, w.out, x.precision, x.cols, y.Rows, y.Cols))
	}
	height := w.level.rows[w.precision]
	fit := max(height, min(mostRows, cached/4/w.steps)/height*height)
	return product{w: w, x: x, y: y, then: then, chunks: (y.Rows + fit - 1) / fit, groups: 1}
}

// Do computes one piece: for each panel of its group all rows of its chunk.
func (p *product) Do(piece int) {
	t := scratch.Get().(*tiles)
	defer scratch.Put(t)
	chunk, group := piece/p.groups, piece%p.groups
	panels := len(p.w.bias) / panel
	from, to := p.y.Rows*chunk/p.chunks, p.y.Rows*(chunk+1)/p.chunks
	t.apart = p.w.apart.gather(t.apart, p.x, from, to)
	first, last := panels*group/p.groups, panels*(group+1)/p.groups
	each := max(1, together/(4*panel*p.w.steps))
	for ; first < last; first += each {
		p.panels(t, first, min(first+each, last), from, to)
	}
}

// panels computes rows from to to of some panels, tile by tile, so that the rows of one stay in the first cache from panel
// to panel, and the panels in the second. Columns that are too long for that are worked down block by block.
func (p *product) panels(t *tiles, first, last, from, to int) {
	height := p.w.level.rows[p.w.precision]
	count := (to - from + height - 1) / height
	for step := 0; step < p.w.steps; step += block {
		end := min(step+block, p.w.steps)
		for i := range count {
			top, bottom := from+(to-from)*i/count, from+(to-from)*(i+1)/count
			for index := first; index < last; index++ {
				if end < p.w.steps {
					p.sum(t, index, top, bottom, top-from, step, end)
					continue
				}
				p.w.level.prefetch(p.y.Data[top*p.y.Stride+index*panel:], p.y.Stride, bottom-top)
				if i == 0 { // what the columns end with comes from memory too, while their panel is multiplied
					p.w.level.prefetch(p.w.columns[index*panel:], p.w.pitch, p.w.perColumn())
				}
				p.sum(t, index, top, bottom, top-from, step, end)
				p.finish(t, index, top, bottom, top-from)
			}
		}
	}
}

// sum computes a tile over some steps, into row at of t on; the first steps start it.
func (p *product) sum(t *tiles, index, from, to, at, step, end int) {
	w, x := p.w, p.x
	per := w.perStep()
	a, b, c := from*x.stride+step*per, (index*w.steps+step)*panel*per, at*panel
	switch {
	case w.precision == Float32:
		w.level.tileFloat32(to-from, x.float32s[a:], x.stride, w.float32s[b:], end-step, t.values[c:], panel, step > 0)
	case w.precision == Int16:
		for s := step; s < end; s += block16 / per {
			w.level.tileInt16(to-from, x.int16s[a:], x.stride, w.int16s[b:], min(end-s, block16/per), t.values[c:], panel, s > 0)
			a, b = a+block16, b+block16*panel
		}
	case w.level.quads:
		w.level.tileQuads(to-from, x.uint8s[a:], x.stride, w.int8s[b:], end-step, t.sums[c:], panel, step > 0)
	default:
		w.level.tileInt8(to-from, x.int16s[a:], x.stride, w.int8s[b:], end-step, t.sums[c:], panel, step > 0)
	}
}

// finish takes a tile from row at of t on to its place in y.
func (p *product) finish(t *tiles, index, from, to, at int) {
	w, first, rows := p.w, index*panel, to-from
	tile := t.values[at*panel:][:rows*panel]
	y, stride, cols := p.y.Data[from*p.y.Stride+first:], p.y.Stride, min(panel, w.out-first)
	if cols == panel && p.then.Activation == Identity && len(w.apart.columns) == 0 {
		p.complete(y, stride, t, index, from, rows, at, p.then.Add)
	} else {
		p.complete(tile, panel, t, index, from, rows, at, false)
		w.apart.add(w.level, tile, t.apart, at, index)
		p.place(y, stride, tile, rows, cols)
	}
	if finally := w.level.activations[p.then.Finally]; finally != nil {
		finally(y, stride, y, stride, rows, cols)
	}
}

// place takes a complete tile to its place through the activation.
func (p *product) place(y []float32, stride int, tile []float32, rows, cols int) {
	l, activate := p.w.level, p.w.level.activations[p.then.Activation]
	switch {
	case !p.then.Add && activate == nil:
		l.store(y, stride, tile, rows, cols, 1, 0)
	case !p.then.Add:
		activate(y, stride, tile, panel, rows, cols)
	default:
		if activate != nil {
			activate(tile, panel, tile, panel, rows, panel)
		}
		l.store(y, stride, tile, rows, cols, 1, 1)
	}
}

// complete computes dst, or += with add, from the sums of a tile that starts at row at of t.
func (p *product) complete(dst []float32, stride int, t *tiles, index, from, rows, at int, add bool) {
	w, x, first := p.w, p.x, index*panel
	tile := t.values[at*panel:][:rows*panel]
	switch w.precision {
	case Float32:
		w.level.addBias(dst, stride, tile, w.bias[first:], rows, add)
	case Int16:
		w.level.scale(dst, stride, tile, x.scale[from:], w.scale[first:], w.bias[first:], rows, add)
	case Int8:
		w.level.dequantise(dst, stride, t.sums[at*panel:], x.scale[from:], x.zero[from:], w.scale[first:], w.sums[first:], w.bias[first:], rows, add)
	}
}
