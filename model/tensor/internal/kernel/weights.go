package kernel

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/pairstream/pairstream/model/tensor/internal/pool"
)

// Weights is the right-hand side of products y = x·Wᵀ + b, packed once for one precision: panels of 32 columns, and in
// them step after step down the columns. A step is as many values as fill four bytes of a row of the left-hand side:
// one float32, two int16, or four int8 where the level has quads.
type Weights struct {
	level     *level
	precision Precision
	in, out   int
	steps     int // down a column

	float32s []float32 // packed, by precision
	int16s   []int16
	int8s    []int8
	apart    apart // of the integers

	columns []float32 // rows pitch apart, of the outputs padded to panels: bias, scale and sums
	pitch   int
	bias    []float32
	scale   []float32 // of a column's integers
	sums    []int32   // of a column's int8
}

const (
	// most16 is the greatest int16 activation, 13½ bits with the sign. Activations get more bits than weights since a row
	// of them can have values far out of line.
	most16 = 6500
	// block16 is how many products of int16 are summed as integers, before the sum goes on in float32. Fewer leave the
	// weights more bits, about 13 here, and take more time.
	block16 = 384
	most8   = 127 // weights
	range8  = 255 // activations, from the least to the greatest
)

// Pack copies weight (out, in), and bias (out) or nil, into the form that products of a precision want. Values must be
// finite. In the integer precisions the columns of the left-hand side that are apart, if any, are multiplied in float32.
func Pack(p Precision, weight, bias []float32, in, out int, apart ...int) *Weights {
	if len(weight) != in*out || (bias != nil && len(bias) != out) || in < 1 || out < 1 {
		panic(fmt.Sprintf("kernel: weights %d to %d with %d values and %d biases", in, out, len(weight), len(bias)))
	}
	if p == Int8 && in > 1<<16 {
		panic(fmt.Sprintf("kernel: sums of %d products do not fit an int32", in))
	}
	panels := (out + panel - 1) / panel
	w := &Weights{level: active, precision: p, in: in, out: out}
	w.layColumns(panels * panel)
	copy(w.bias, bias)
	w.steps = (in + w.perStep() - 1) / w.perStep()
	size := panels * panel * w.steps * w.perStep()
	switch p {
	case Float32:
		w.float32s = pages[float32](w, size)
	case Int16:
		w.int16s = pages[int16](w, size)
	case Int8:
		w.int8s = pages[int8](w, size)
	}
	if p != Float32 && len(apart) > 0 {
		w.apart = newApart(apart, panels)
	}
	pool.Run(panels, pool.Func(func(i int) {
		from := i * panel
		w.pack(i, weight[from*in:min(from+panel, out)*in])
	}))
	return w
}

// layColumns makes what a precision keeps for each of n columns, one row after another so that they are fetched together.
func (w *Weights) layColumns(n int) {
	w.columns, w.pitch = aligned[float32](w.perColumn()*n), n
	w.slice(n)
}

// slice finds what is kept for the first n columns.
func (w *Weights) slice(n int) {
	w.bias = w.columns[:n]
	if w.precision != Float32 {
		w.scale = w.columns[w.pitch:][:n]
	}
	if w.precision == Int8 {
		w.sums = integers(w.columns[2*w.pitch:][:n])
	}
}

// perColumn is how many values are kept for a column.
func (w *Weights) perColumn() int {
	switch w.precision {
	case Float32:
		return 1
	case Int16:
		return 2
	}
	return 3
}

// perStep is how many values of a row make a step.
func (w *Weights) perStep() int {
	switch {
	case w.precision == Float32:
		return 1
	case w.precision == Int8 && w.level.quads:
		return 4
	}
	return 2
}

// rounding is a column on its way into a panel.
type rounding struct {
	column  []float32
	rounded []int16
}

var packing = sync.Pool{New: func() any { return new(rounding) }}

// pack fills a panel from its columns, which are rows of weight.
func (w *Weights) pack(index int, weight []float32) {
	if w.precision == Float32 {
		w.level.transpose(w.float32s[index*panel*w.steps:], panel, weight, w.in, len(weight)/w.in, w.in)
		return
	}
	t := packing.Get().(*rounding)
	defer packing.Put(t)
	*t = rounding{slices.Grow(t.column[:0], w.in)[:w.in], slices.Grow(t.rounded[:0], w.in+15)[:(w.in+15)&^15]}
	rounded, column := t.rounded, t.column
	per := w.perStep()
	from := index * panel * w.steps * per
	for c := 0; len(weight) > 0; c++ {
		copy(column, weight)
		weight = weight[w.in:]
		w.apart.take(column, index, c)
		scale := w.columnScale(column)
		if scale == 0 {
			continue
		}
		w.scale[index*panel+c] = 1 / scale
		w.level.quantise16(rounded, column, scale, -math.MaxInt16, math.MaxInt16)
		at := from + c*per
		var sum int32
		for k, v := range rounded[:w.in] {
			if w.precision == Int16 {
				w.int16s[at+k%per] = v
			} else {
				w.int8s[at+k%per] = int8(v)
				sum += int32(v)
			}
			if k%per == per-1 {
				at += panel * per
			}
		}
		if w.precision == Int8 && w.level.quads { // pairs have no zero point left in them
			w.sums[index*panel+c] = sum
		}
	}
}

// columnScale is what a column is multiplied with before it is rounded, or 0 if it is as good as zero. With int16 no
// block's sum of products with a row overflows: most16·Σ|rounded| < 2³¹, where rounding adds at most 1/2 to each.
func (w *Weights) columnScale(column []float32) float32 {
	_, _, bits := w.level.extent(column)
	top := float64(math.Float32frombits(uint32(bits)))
	if top < 1e-30 {
		return 0
	}
	if w.precision == Int8 {
		return float32(most8 / top)
	}
	var greatest float64
	for block := range slices.Chunk(column, block16) {
		var sum float64
		for _, v := range block {
			sum += math.Abs(float64(v))
		}
		greatest = max(greatest, sum)
	}
	const room = math.MaxInt32/most16 - block16/2 - 2
	return float32(min(math.MaxInt16/top, room/greatest))
}

// In returns the length of a row of the left-hand side.
func (w *Weights) In() int { return w.in }

// Out returns the length of a row of the product.
func (w *Weights) Out() int { return w.out }

// Bytes returns the memory that the weights take.
func (w *Weights) Bytes() int {
	return 4*(len(w.float32s)+len(w.columns)+len(w.apart.weights)) + 2*len(w.int16s) + len(w.int8s)
}
