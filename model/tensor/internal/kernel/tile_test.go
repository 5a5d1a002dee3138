package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTileFloat32 checks that each element is one chain of fused operations: bit for bit, at every height, odd lengths,
// strides and alignments.
func TestTileFloat32(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		step := fma
		if active == &generic {
			step = func(a, b, c float32) float32 { return float32(a*b) + c }
		}
		for m := 1; m <= active.rows[Float32]; m++ {
			for _, steps := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31, 65} {
				lda, ldc := steps+m%3, panel+m%5
				a := offset(random(1, m*lda), m%7)
				b := offset(random(2, steps*panel), steps%5)
				c := offset(random(3, m*ldc), m%2)
				want := slices.Clone(c)
				for _, add := range []bool{true, false} {
					for i := range m {
						for j := range panel {
							var sum float32
							if add {
								sum = want[i*ldc+j]
							}
							for k := range steps {
								sum = step(a[i*lda+k], b[k*panel+j], sum)
							}
							want[i*ldc+j] = sum
						}
					}
					active.tileFloat32(m, a, lda, b, steps, c, ldc, add)
					same(t, "tile", c, want)
				}
			}
		}
	})
}

// TestTileInt16 checks tiles against the Go code, at the edges of their range too.
func TestTileInt16(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, steps := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31, block16 / 2} {
			for m := 1; m <= active.rows[Int16]; m++ {
				lda, ldc := 2*steps+m%3, panel+m%5
				a, b := offset(make([]int16, m*lda), m%3), offset(make([]int16, steps*panel*2), m%4)
				for i := range a {
					a[i] = int16(r.IntN(2*most16+1) - most16)
				}
				for i := range b {
					b[i] = int16(r.IntN(1<<11) - 1<<10)
				}
				b[0], a[0] = -32767, -most16
				for _, add := range []bool{false, true} {
					got, want := offset(random(1, m*ldc), m%2), random(1, m*ldc)
					tileInt16(m, a, lda, b, steps, want, ldc, add)
					active.tileInt16(m, a, lda, b, steps, got, ldc, add)
					same(t, fmt.Sprintf("%d rows of %d steps", m, steps), got, want)
				}
			}
		}
	})
}

// TestTileInt8 checks tiles against the Go code, at the edges of their range too.
func TestTileInt8(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		if active.quads {
			t.Skip("works on quads")
		}
		r := rand.New(rand.NewPCG(1, 2))
		for _, steps := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31, 65} {
			for m := 1; m <= active.rows[Int8]; m++ {
				lda, ldc := 2*steps+m%3, panel+m%5
				a, b := offset(make([]int16, m*lda), m%3), offset(make([]int8, steps*panel*2), m%4)
				for i := range a {
					a[i] = int16(r.IntN(2*range8+1) - range8)
				}
				for i := range b {
					b[i] = int8(r.IntN(256) - 128)
				}
				for _, add := range []bool{false, true} {
					got, want := make([]int32, m*ldc), make([]int32, m*ldc)
					for i := range got {
						got[i] = int32(i)
						want[i] = int32(i)
					}
					tileInt8(m, a, lda, b, steps, want, ldc, add)
					active.tileInt8(m, a, lda, b, steps, got, ldc, add)
					if !slices.Equal(got, want) {
						t.Fatalf("%d rows of %d steps differ", m, steps)
					}
				}
			}
		}
	})
}

// TestTileQuads checks products of unsigned by signed bytes, or of signed ones that were unsigned, at their extremes too.
func TestTileQuads(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		if !active.quads {
			t.Skip("works on pairs")
		}
		r := rand.New(rand.NewPCG(1, 2))
		for _, steps := range []int{1, 2, 3, 4, 5, 7, 8, 9, 31, 65} {
			for m := 1; m <= active.rows[Int8]; m++ {
				lda, ldc := 4*steps+m%3, panel+m%5
				a, b := offset(make([]uint8, m*lda), m%3), offset(make([]int8, steps*panel*4), m%4)
				for i := range a {
					a[i] = uint8(r.IntN(256))
				}
				for i := range b {
					b[i] = int8(r.IntN(256) - 128)
				}
				for i := range 4 {
					a[i], b[i] = 255, 127
				}
				for _, add := range []bool{false, true} {
					got, want := make([]int32, m*ldc), make([]int32, m*ldc)
					for i := range got {
						got[i] = int32(i)
						want[i] = int32(i)
					}
					for i := range m {
						for j := range panel {
							sum := &want[i*ldc+j]
							if !add {
								*sum = 0
							}
							for k := range 4 * steps {
								v := int32(a[i*lda+k])
								if active.shift != 0 {
									v = int32(int8(a[i*lda+k]))
								}
								*sum += v * int32(b[(k/4*panel+j)*4+k%4])
							}
						}
					}
					active.tileQuads(m, a, lda, b, steps, got, ldc, add)
					if !slices.Equal(got, want) {
						t.Fatalf("%d rows of %d steps differ", m, steps)
					}
				}
			}
		}
	})
}
