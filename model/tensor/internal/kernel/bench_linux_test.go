package kernel

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// shapes of the layers of ViT-B/32 and its text tower, for one picture and for several: rows, in, out.
var shapes = [][3]int{
	{50, 768, 768}, {400, 768, 768}, {50, 768, 2304}, {400, 768, 3072}, {1600, 768, 3072},
	{50, 3072, 768}, {400, 3072, 768}, {77, 512, 2048}, {616, 512, 2048}, {1024, 1024, 1024},
}

// BenchmarkMultiply gives operations a second, and their share of the peak measured beside them.
func BenchmarkMultiply(b *testing.B) {
	before := active
	defer func() { active = before }()
	for _, l := range levels[:len(levels)-1] {
		for _, p := range []Precision{Float32, Int16, Int8} {
			for _, s := range shapes {
				b.Run(fmt.Sprintf("%s/%v/%dx%dx%d", l.name, p, s[0], s[1], s[2]), func(b *testing.B) {
					active = l
					w := Pack(p, random(1, s[1]*s[2]), nil, s[1], s[2])
					x := NewRows(w, s[0])
					for i := range s[0] {
						copy(x.Row(i), random(uint64(i), s[1]))
					}
					x.Quantise(s[0])
					y := blas32.General{Rows: s[0], Cols: s[2], Stride: Pitch(s[2]), Data: aligned[float32](s[0] * Pitch(s[2]))}
					rate(b, p, 2*s[0]*s[1]*s[2], func() { w.Multiply(y, x, Epilogue{}) })
				})
			}
		}
	}
}

// clock returns a clock in seconds: the thread's own time on one processor, so that what else the machine does shows less,
// and the wall's on several.
func clock(b *testing.B) func() float64 {
	runtime.LockOSThread()
	b.Cleanup(runtime.UnlockOSThread)
	id := int32(unix.CLOCK_THREAD_CPUTIME_ID)
	if runtime.GOMAXPROCS(0) > 1 {
		id = unix.CLOCK_MONOTONIC
	}
	return func() float64 {
		var t unix.Timespec
		if err := unix.ClockGettime(id, &t); err != nil {
			b.Fatal(err)
		}
		return float64(t.Nano()) * 1e-9
	}
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// rate runs f, each time beside a measurement of the peak, and reports medians of f's rate and of its share.
func rate(b *testing.B, p Precision, operations int, f func()) {
	now := clock(b)
	var rates, shares []float64
	f()
	for b.Loop() {
		const turns = 10_000
		start := now()
		active.peaks[p](turns)
		peak := float64(turns*active.operations[p]) / (now() - start) * float64(runtime.GOMAXPROCS(0))
		start = now()
		f()
		rates = append(rates, float64(operations)/(now()-start))
		shares = append(shares, rates[len(rates)-1]/peak)
	}
	b.ReportMetric(median(rates)/1e9, "Gop/s")
	b.ReportMetric(100*median(shares), "%peak")
	b.ReportMetric(0, "ns/op")
}

// each runs f turns times a sample, and reports the median of the time that one of so many units takes, times scale.
func each(b *testing.B, turns, units int, scale float64, unit string, f func()) {
	now := clock(b)
	var times []float64
	f()
	for b.Loop() {
		start := now()
		for range turns {
			f()
		}
		times = append(times, (now()-start)/float64(turns*units)*scale)
	}
	b.ReportMetric(median(times), unit)
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSgemm is the same for products that are packed on the way: square ones, layers, and tiles of a loss.
func BenchmarkSgemm(b *testing.B) {
	before := active
	defer func() { active = before }()
	for _, l := range levels {
		if !slices.Contains([]string{"avx512", "avx2", "neon"}, l.name) {
			continue // has another's
		}
		for _, s := range append([][3]int{{64, 512, 64}, {256, 512, 256}, {512, 512, 512}, {2048, 2048, 2048}}, shapes...) {
			m, k, n := s[0], s[1], s[2]
			for _, t := range []blas.Transpose{blas.NoTrans, blas.Trans} {
				b.Run(fmt.Sprintf("%s/N%c/%dx%dx%d", l.name, t, m, k, n), func(b *testing.B) {
					active = l
					ldb := n
					if t == blas.Trans {
						ldb = k
					}
					x, y, c := random(1, m*k), random(2, k*n), make([]float32, m*n)
					rate(b, Float32, 2*m*k*n, func() { Sgemm(blas.NoTrans, t, m, n, k, 1, x, k, y, ldb, 0, c, n) })
				})
			}
		}
	}
}

// BenchmarkRows gives nanoseconds for each value of rows of 768.
func BenchmarkRows(b *testing.B) {
	before := active
	defer func() { active = before }()
	const n = 768
	x, y, weight, bias := aligned[float32](n), aligned[float32](n), random(1, n), random(2, n)
	copy(x, random(3, n))
	integers, bytes := aligned[int16](n), aligned[uint8](n)
	tile, sums := aligned[float32](n), aligned[int32](n)
	for _, l := range levels {
		for _, c := range []struct {
			name string
			run  func()
		}{
			{"QuickGELU", func() { l.activations[QuickGELU](y, n, x, n, 1, n) }},
			{"GELU", func() { l.activations[GELU](y, n, x, n, 1, n) }},
			{"TanhGELU", func() { l.activations[TanhGELU](y, n, x, n, 1, n) }},
			{"Add", func() { l.add(y, x) }},
			{"LayerNorm", func() { l.layerNorm(y, x, weight, bias, 1e-5) }},
			{"Softmax", func() { l.softmax(y, n, 1) }},
			{"Extent", func() { l.extent(x) }},
			{"Quantise16", func() { l.quantise16(integers, x, 100, -most16, most16) }},
			{"Quantise8", func() { l.quantise8(bytes, x, 10, -100, 155, 100) }},
			{"AddBias", func() { l.addBias(y, panel, tile, bias, n/panel, false) }},
			{"Scale", func() { l.scale(y, panel, tile, weight, weight, bias, n/panel, false) }},
			{"Dequantise", func() { l.dequantise(y, panel, sums, weight, sums, weight, sums, bias, n/panel, true) }},
			{"Store", func() { l.store(y, panel, tile, n/panel, panel, 1, 0) }},
			{"StoreAdd", func() { l.store(y, panel, tile, n/panel, panel, 1, 1) }},
			{"Gather", func() { l.gather(y, x, panel, n/panel) }},
			{"Transpose", func() { l.transpose(y, panel, x, n/panel, panel, n/panel) }},
		} {
			if c.name == "Quantise8" && l.quantise8 == nil {
				continue
			}
			b.Run(l.name+"/"+c.name, func(b *testing.B) {
				each(b, 100, n, 1e9, "ns/value", c.run)
			})
		}
	}
}

// BenchmarkAttention gives microseconds for a head of 64 values, at the lengths of texts and of pictures.
func BenchmarkAttention(b *testing.B) {
	before := active
	defer func() { active = before }()
	for _, l := range levels {
		for _, length := range []int{12, 50, 77, 197, 257, 577} {
			b.Run(fmt.Sprintf("%s/%d", l.name, length), func(b *testing.B) {
				active = l
				const heads = 12
				qkv, out := matrix(1, length, 3*heads*64, 3*heads*64+16), matrix(2, length, heads*64, heads*64+16)
				each(b, 1, heads, 1e6, "us/head", func() {
					Attention{Heads: heads}.Forward(out, qkv, []Sequence{{Length: length}})
				})
			})
		}
	}
}
