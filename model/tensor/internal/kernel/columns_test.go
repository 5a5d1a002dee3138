package kernel

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// TestColumns checks that columns of a product, and of what is quantised, have the same bits in shares as they have as a whole.
func TestColumns(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		const n, in, out = 19, 150, 110
		weight, bias, x := random(1, in*out), random(2, out), matrix(3, n, in, in)
		x.Data[5*in+149] = 30 // what one row is quantised by is in the last share
		for _, p := range []Precision{Float32, Int16, Int8} {
			for _, apart := range [][]int{nil, {3, 140}} {
				name := fmt.Sprint(p, apart)
				w := Pack(p, weight, bias, in, out, apart...)
				whole, shared := NewRows(w, n), NewRows(w, n)
				shares := shared.Share(n, []int{0, 64, 96, in})
				from := 0
				for i := range shares {
					part := shares[i].Matrix(n)
					for r := range n {
						copy(row(part, r)[:part.Cols], row(x, r)[from:])
						copy(whole.Row(r), row(x, r))
					}
					from += part.Cols
					shares[i].Measure(n)
				}
				for i := range shares {
					shares[i].Quantise(n)
				}
				whole.QuantiseHere(n)
				want, got := matrix(4, n, out, out+5), matrix(4, n, out, out+5)
				then := Epilogue{Activation: GELU, Add: true}
				w.Multiply(want, whole, then)
				for _, c := range [][2]int{{0, 32}, {32, 96}, {96, out}} {
					view := w.Columns(c[0], c[1])
					view.MultiplyHere(blas32.General{Rows: n, Cols: c[1] - c[0], Stride: got.Stride, Data: got.Data[c[0]:]}, shared, then)
				}
				same(t, name, got.Data, want.Data)
			}
		}
	})
}

// TestHeads checks that heads have the same bits alone as with the others.
func TestHeads(t *testing.T) {
	const heads, dim, width = 4, 24, 96
	qkv, want, got := matrix(1, 30, 3*width, 3*width), matrix(2, 30, width, width), matrix(2, 30, width, width)
	sequences := []Sequence{{0, 13}, {13, 17}}
	Attention{Heads: heads, Causal: true}.Forward(want, qkv, sequences)
	for first := range heads {
		own := matrix(3, 30, 3*dim, 3*dim)
		for r := range 30 {
			for part := range 3 {
				copy(row(own, r)[part*dim:(part+1)*dim], row(qkv, r)[part*width+first*dim:])
			}
		}
		out := blas32.General{Rows: 30, Cols: dim, Stride: width, Data: got.Data[first*dim:]}
		Attention{Heads: 1, Causal: true}.ForwardHere(out, own, sequences)
	}
	same(t, "attention", got.Data, want.Data)

	x, q := matrix(4, 30, width, width), matrix(5, 2, width, width)
	one, other := matrix(6, 2, width, width), matrix(6, 2, width, width)
	for _, p := range []Precision{Float32, Int16, Int8} {
		a := PackSingleQuery(p, heads, random(7, width*width), random(8, width*width), random(9, width))
		a.Forward(one, q, x, sequences)
		for _, part := range [][2]int{{0, 1}, {1, 4}} {
			view := func(m blas32.General) blas32.General {
				return blas32.General{Rows: m.Rows, Cols: (part[1] - part[0]) * dim, Stride: m.Stride, Data: m.Data[part[0]*dim:]}
			}
			a.ForwardHere(view(other), view(q), x, sequences, part[0])
		}
		same(t, fmt.Sprint("single query ", p), other.Data, one.Data)
	}
}

// TestRowsFor checks that rows in the memory of others give the same products, and where there is not enough of it too.
func TestRowsFor(t *testing.T) {
	const n, in, out = 7, 70, 40
	for _, p := range []Precision{Float32, Int16, Int8} {
		w, wide, x := Pack(p, random(1, in*out), nil, in, out), Pack(p, random(2, 200*out), nil, 200, out), matrix(3, n, in, in)
		lent := NewRows(wide, n)
		copy(lent.float32s, random(4, len(lent.float32s)))
		lent.QuantiseHere(n)
		for _, other := range []*Rows{lent, NewRows(wide, 1), NewRows(Pack((p+1)%3, random(2, 200*out), nil, 200, out), n)} {
			want, got := matrix(5, n, out, out), matrix(5, n, out, out)
			for y, rows := range map[*blas32.General]*Rows{&want: NewRows(w, n), &got: other.For(w, n)} {
				for r := range n {
					copy(rows.Row(r), row(x, r))
				}
				rows.QuantiseHere(n)
				w.Multiply(*y, rows, Epilogue{})
			}
			same(t, p.String(), got.Data, want.Data)
		}
	}
}
