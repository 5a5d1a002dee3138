package kernel

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// attend computes attention in float64 for one sequence.
func attend(qkv blas32.General, heads int, causal bool) [][]float64 {
	out := make([][]float64, qkv.Rows)
	for i := range out {
		n := qkv.Rows
		if causal {
			n = i + 1
		}
		out[i] = attendRow(qkv, heads, i, 0, n)
	}
	return out
}

// attendRow computes what row i gets from rows first to end-1.
func attendRow(qkv blas32.General, heads, i, first, end int) []float64 {
	width := qkv.Cols / 3
	dim, out := width/heads, make([]float64, width)
	for h := 0; h < width; h += dim {
		scores, sum := make([]float64, end-first), 0.0
		for j := range scores {
			for d := range dim {
				scores[j] += float64(row(qkv, i)[h+d]) * float64(row(qkv, first+j)[width+h+d])
			}
			scores[j] = math.Exp(scores[j] / math.Sqrt(float64(dim)))
			sum += scores[j]
		}
		for j, s := range scores {
			for d := range dim {
				out[h+d] += s / sum * float64(row(qkv, first+j)[2*width+h+d])
			}
		}
	}
	return out
}

// TestAttention checks lengths of towers and around tiles, and dims that fill panels and that do not.
func TestAttention(t *testing.T) {
	wide := sameAsWide{}
	eachLevel(t, func(t *testing.T) {
		for _, size := range [][3]int{{1, 1, 64}, {2, 2, 8}, {14, 1, 64}, {15, 3, 4}, {33, 2, 80}, {50, 2, 64}, {77, 1, 88}, {197, 1, 64}} {
			for _, causal := range []bool{false, true} {
				length, heads := size[0], size[1]
				width := heads * size[2]
				what := fmt.Sprint(size, causal)
				qkv, out := matrix(1, length, 3*width, 3*width+5), matrix(2, length, width, width+3)
				a := Attention{Heads: heads, Causal: causal}
				a.Forward(out, qkv, []Sequence{{Length: length}})
				for i, want := range attend(qkv, heads, causal) {
					for d, w := range want {
						near(t, what, i*width+d, row(out, i)[d], w, 1, 3e-6)
					}
				}
				wide.check(t, what, out.Data)
			}
		}
	})
}

// TestAttentionAlone checks that a sequence's result does not depend on those beside it, and a causal row's not on what
// follows.
func TestAttentionAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	const heads, width = 3, 3 * 16
	lengths := []int{5, 40, 1, 77, 18}
	eachLevel(t, func(t *testing.T) {
		for _, causal := range []bool{false, true} {
			a := Attention{Heads: heads, Causal: causal}
			var all []Sequence
			rows := 0
			for _, n := range lengths {
				all = append(all, Sequence{Start: rows, Length: n})
				rows += n
			}
			qkv, together := matrix(1, rows, 3*width, 3*width), matrix(2, rows, width, width)
			runtime.GOMAXPROCS(3)
			a.Forward(together, qkv, all)
			runtime.GOMAXPROCS(1)
			for _, s := range all {
				own := blas32.General{Rows: s.Length, Cols: 3 * width, Stride: 3 * width, Data: qkv.Data[s.Start*3*width:]}
				out := matrix(3, s.Length, width, width)
				a.Forward(out, own, []Sequence{{Length: s.Length}})
				same(t, fmt.Sprintf("%+v", s), out.Data, together.Data[s.Start*width:(s.Start+s.Length)*width])
				for to := 1; causal && to < s.Length; to++ {
					a.Forward(out, own, []Sequence{{Length: to}})
					same(t, fmt.Sprintf("%+v without what follows row %d", s, to-1), out.Data[:to*width], together.Data[s.Start*width:(s.Start+to)*width])
				}
			}
		}
	})
}

func TestAttentionPanics(t *testing.T) {
	qkv, out := matrix(1, 4, 24, 24), matrix(2, 4, 8, 8)
	for name, call := range map[string]func(){
		"heads":    func() { Attention{Heads: 3}.Forward(out, qkv, nil) },
		"no heads": func() { Attention{}.Forward(out, qkv, nil) },
		"length":   func() { Attention{Heads: 2}.Forward(out, qkv, []Sequence{{Length: 5}}) },
		"start":    func() { Attention{Heads: 2}.Forward(out, qkv, []Sequence{{Start: 1, Length: 4}}) },
		"out":      func() { Attention{Heads: 2}.Forward(matrix(2, 3, 8, 8), qkv, []Sequence{{Length: 4}}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s do not panic", name)
				}
			}()
			call()
		}()
	}
}
