package kernel

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// TestSingleQuery compares with attention that computes all keys and values, in float64, in each precision, and checks that a
// result depends on its sequence alone.
func TestSingleQuery(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, size := range [][2]int{{1, 64}, {2, 8}, {3, 20}, {4, 88}} {
			heads, width := size[0], size[0]*size[1]
			keys, values, biases := random(1, width*width), random(2, width*width), random(3, 2*width)
			for i := range keys {
				keys[i] /= float32(width)
				values[i] /= 8
			}
			lengths, sequences, rows := []int{5, 1, 50, 77, 16}, []Sequence(nil), 0
			for _, n := range lengths {
				sequences = append(sequences, Sequence{Start: rows, Length: n})
				rows += n
			}
			x, q, out := matrix(4, rows, width, width+3), matrix(5, len(lengths), width, width+7), matrix(6, len(lengths), width, width+2)
			exact := make([][]float64, len(sequences))
			for i, s := range sequences {
				qkv := matrix(7, s.Length+1, 3*width, 3*width) // the first row asks, and is not seen
				copy(row(qkv, 0), row(q, i)[:width])
				for r := range s.Length {
					for c := range 2 * width {
						sum, weight := float64(biases[c]), keys
						if c >= width {
							weight = values
						}
						for k, v := range row(x, s.Start+r)[:width] {
							sum += float64(v) * float64(weight[c%width*width+k])
						}
						row(qkv, r+1)[width+c] = float32(sum)
					}
				}
				exact[i] = attendRow(qkv, heads, 0, 1, qkv.Rows)
			}
			rounding := math.Sqrt(float64(width) / 64) // of integers, adds up with the width
			for p, bound := range map[Precision]float64{Float32: 2e-5, Int16: 1e-3 * rounding, Int8: 8e-2 * rounding} {
				a := PackSingleQuery(p, heads, keys, values, biases[width:], 1, width-1)
				a.Forward(out, q, x, sequences)
				for i := range sequences {
					for d, w := range exact[i] {
						near(t, fmt.Sprint(p, size, sequences[i].Length), i*width+d, row(out, i)[d], w, 1, bound)
					}
					alone := matrix(8, 1, width, width)
					a.Forward(alone, blas32.General{Rows: 1, Cols: width, Stride: width, Data: row(q, i)}, x, sequences[i:i+1])
					same(t, "alone", alone.Data, row(out, i)[:width])
				}
			}
		}
	})
}
