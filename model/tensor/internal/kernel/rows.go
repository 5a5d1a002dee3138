package kernel

import (
	"math"

	"gonum.org/v1/gonum/blas/blas32"
)

// Rows is the left-hand side of products: rows of float32 to write to, and beside them what Quantise makes of them for
// the precision of the weights. Rows are Pitch apart.
type Rows struct {
	level     *level
	precision Precision
	cols      int
	stride    int // of float32s, int16s and uint8s alike
	float32s  []float32
	int16s    []int16
	uint8s    []uint8
	scale     []float32 // of a row's integers
	zero      []int32   // that stands for 0 in uint8s
}

// NewRows makes n rows for products with weights w.
func NewRows(w *Weights, n int) *Rows {
	r := &Rows{level: w.level, precision: w.precision, cols: w.in, stride: rowStride(w)}
	size := n * r.stride
	r.float32s = aligned[float32](size)
	if w.precision != Float32 {
		r.scale, r.zero = make([]float32, n), make([]int32, n)
	}
	switch {
	case w.precision == Float32:
	case w.precision == Int8 && w.level.quads:
		r.uint8s = aligned[uint8](size)
	default:
		r.int16s = aligned[int16](size)
	}
	return r
}

// rowStride is how far apart rows are.
func rowStride(w *Weights) int {
	if w.precision != Float32 {
		return 4 * Pitch((w.in+3)/4) // lines of bytes
	}
	return Pitch(w.in)
}

// For returns n rows for products with other weights, in the memory of these where it is enough: both are then not in use at
// the same time.
func (r *Rows) For(w *Weights, n int) *Rows {
	stride := rowStride(w)
	if w.precision != r.precision || w.level != r.level || n*stride > len(r.float32s) || (w.precision != Float32 && n > len(r.scale)) {
		return NewRows(w, n)
	}
	other := *r
	other.cols, other.stride = w.in, stride
	return &other
}

// Row returns row i, to be written.
func (r *Rows) Row(i int) []float32 { return r.float32s[i*r.stride:][:r.cols] }

// From is a view of the rows from row i on.
func (r *Rows) From(i int) Rows {
	view := *r
	view.float32s = r.float32s[i*r.stride:]
	if r.precision != Float32 {
		view.scale, view.zero = r.scale[i:], r.zero[i:]
	}
	if r.int16s != nil {
		view.int16s = r.int16s[i*r.stride:]
	}
	if r.uint8s != nil {
		view.uint8s = r.uint8s[i*r.stride:]
	}
	return view
}

// Matrix returns the first n rows, to be written.
func (r *Rows) Matrix(n int) blas32.General {
	return blas32.General{Rows: n, Cols: r.cols, Stride: r.stride, Data: r.float32s}
}

// Quantise makes the first n rows ready for products, after they were written.
func (r *Rows) Quantise(n int) {
	if r.precision != Float32 {
		run(rowJob{level: r.level, rows: r, n: n}, r.cols)
	}
}

// LayerNorm sets the first rows to the normalised rows of x, as LayerNorm does, and makes them ready for products.
func (r *Rows) LayerNorm(x blas32.General, weight, bias []float32, epsilon float32) {
	run(r.layerNorm(x, weight, bias, epsilon), r.cols)
}

func (r *Rows) layerNorm(x blas32.General, weight, bias []float32, epsilon float32) rowJob {
	return rowJob{level: r.level, rows: r, y: r.Matrix(x.Rows), x: x, weight: weight[:r.cols], bias: bias[:r.cols], epsilon: epsilon, n: x.Rows}
}

// quantise rounds row i.
func (r *Rows) quantise(i int) {
	if r.precision == Float32 {
		return
	}
	r.round(i, r.extents(i))
}

func (r *Rows) extents(i int) (e extents) {
	e.low, e.high, e.magnitude = r.level.extent(r.Row(i))
	return e
}

// round rounds row i, or some columns of a row that has these extents. A row that is not finite gets a scale of NaN, so that
// its products are.
func (r *Rows) round(i int, e extents) {
	x, low, high := r.Row(i), e.low, e.high
	top := math.Float32frombits(uint32(e.magnitude))
	var scale float32 // 0 for a row that is as good as zero
	if r.precision == Int8 && top > 1e-30 {
		scale = range8 / (high - low)
		r.scale[i] = 1 / scale
	} else if top > 1e-30 {
		scale = most16 / top
		r.scale[i] = 1 / scale
	} else {
		r.scale[i] = 0
	}
	r.zero[i] = 0
	if !(top <= math.MaxFloat32) {
		scale, low, high = 0, 0, 0
		r.scale[i] = float32(math.NaN())
	}
	at, padded := i*r.stride, (r.cols+15)&^15
	if r.precision == Int16 {
		r.level.quantise16(r.int16s[at:][:padded], x, scale, -most16, most16)
		return
	}
	zero := float32(math.RoundToEven(float64(-low * scale)))
	if r.level.quads {
		r.zero[i] = int32(zero) - r.level.shift
		r.level.quantise8(r.uint8s[at:][:padded], x, scale, -zero, range8-zero, r.zero[i])
		return
	}
	r.level.quantise16(r.int16s[at:][:padded], x, scale, -zero, range8-zero)
}
