package loss

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor"
)

// window is the vectors of N pairs.
type window struct {
	images, texts []float32 // (N,D), as Forward was given them
	n, d          int
	scale         float32
	groups        groups
}

// set takes in what Forward was given.
func (w *window) set(images, texts []float32, d int, scale float32, same []int32) error {
	if d <= 0 || len(images) == 0 || len(images)%d != 0 || len(texts) != len(images) {
		return fmt.Errorf("loss: %d numbers of images and %d of texts are no N vectors of %d each",
			len(images), len(texts), d)
	}
	if !(scale > 0 && scale <= most) {
		return fmt.Errorf("loss: cosines cannot be multiplied by %g", scale)
	}
	n := len(images) / d
	if same != nil && len(same) != n {
		return fmt.Errorf("loss: %d of %d pairs say which are the same", len(same), n)
	}
	*w = window{images: images, texts: texts, n: n, d: d, scale: scale, groups: groupsOf(same)}
	return nil
}

// most is the largest scale: beyond, a logit in units of ln 2 has no integer part in float32. CLIP's is 100 at most.
const most = 1e6

// gradients checks what Backward was given.
func (w *window) gradients(dimages, dtexts []float32) error {
	if len(dimages) != len(w.images) || len(dtexts) != len(w.texts) {
		return fmt.Errorf("loss: gradients of %d and %d numbers for %d of images and of texts",
			len(dimages), len(dtexts), len(w.images))
	}
	clear(dimages)
	clear(dtexts)
	return nil
}

// logits computes the cosines of a tile, without those of different pairs that are the same.
//
// At a scale of 100, an error of 1e-8 in a cosine is one of 1e-6 in a logit, and a sum of 512 products in float32 is off by
// ten times that. The loss of a few pairs has to have the sums in float64. Of more, errors cancel: it is enough to sum 16
// products at a time in float32, or 128 where the pairs are very many.
func (w *window) logits(t *tile, rows, cols span) {
	const few, many = 128, 1024
	strip := 16
	switch {
	case w.n <= few:
		w.logits64(t, rows, cols)
	case w.n > many:
		strip = 128
		fallthrough
	default:
		tensor.GemmPair(strip, blas.NoTrans, blas.Trans, w.part(w.images, rows), w.part(w.texts, cols),
			matrix(&t.hi, rows, cols), matrix(&t.lo, rows, cols))
	}
	w.groups.exclude(t, rows, cols)
}

// logits64 computes the cosines of a tile in float64.
func (w *window) logits64(t *tile, rows, cols span) {
	for i := range rows.len() {
		x := w.images[(rows.from+i)*w.d:][:w.d]
		for j := range cols.len() {
			cos := dot(x, w.texts[(cols.from+j)*w.d:][:w.d])
			hi := float32(cos)
			t.hi[i*T+j], t.lo[i*T+j] = hi, float32(cos-float64(hi))
		}
	}
}

// dot is the sum of the products of x and y, of one length.
func dot(x, y []float32) float64 {
	var a, b, c, d float64
	for ; len(x) >= 4 && len(y) >= 4; x, y = x[4:], y[4:] {
		a += float64(x[0]) * float64(y[0])
		b += float64(x[1]) * float64(y[1])
		c += float64(x[2]) * float64(y[2])
		d += float64(x[3]) * float64(y[3])
	}
	for i, v := range x {
		a += float64(v) * float64(y[i])
	}
	return (a + b) + (c + d)
}

// backward adds to the gradients what a tile's gradient makes of them.
//
//	S = scale · images · textsᵀ
func (w *window) backward(dimages, dtexts []float32, t *tile, rows, cols span) {
	g := matrix(&t.grad, rows, cols)
	tensor.GemmHere(blas.NoTrans, blas.NoTrans, w.scale, g, w.part(w.texts, cols), 1, w.part(dimages, rows))
	tensor.GemmHere(blas.Trans, blas.NoTrans, w.scale, g, w.part(w.images, rows), 1, w.part(dtexts, cols))
}

// part is the rows that s names of m (N,D).
func (w *window) part(m []float32, s span) blas32.General {
	return tensor.Matrix(m[s.from*w.d:s.to*w.d], s.len(), w.d)
}

// matrix is the filled part of one of a tile's.
func matrix(x *[T * T]float32, rows, cols span) blas32.General {
	return blas32.General{Rows: rows.len(), Cols: cols.len(), Stride: T, Data: x[:]}
}
