package kernel

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
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
					y := blas32.General{Rows: s[0], Cols: s[2], Stride: s[2] + 16, Data: aligned[float32](s[0] * (s[2] + 16))}
					rate(b, p, 2*s[0]*s[1]*s[2], func() { w.Multiply(y, x, Epilogue{}) })
				})
			}
		}
	}
}

// rate runs f for the benchmark, each time beside a measurement of the peak, and reports medians. Time is the thread's
// own on one processor, so that what else the machine does shows less; on several it is the clock's.
func rate(b *testing.B, p Precision, operations int, f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	processors := float64(runtime.GOMAXPROCS(0))
	now := func() float64 {
		var t unix.Timespec
		clock := int32(unix.CLOCK_THREAD_CPUTIME_ID)
		if processors > 1 {
			clock = unix.CLOCK_MONOTONIC
		}
		if err := unix.ClockGettime(clock, &t); err != nil {
			b.Fatal(err)
		}
		return float64(t.Nano()) * 1e-9
	}
	var rates, shares []float64
	f()
	for b.Loop() {
		const turns = 10_000
		start := now()
		active.peaks[p](turns)
		peak := float64(turns*active.operations[p]) / (now() - start) * processors
		start = now()
		f()
		rates = append(rates, float64(operations)/(now()-start))
		shares = append(shares, rates[len(rates)-1]/peak)
	}
	slices.Sort(rates)
	slices.Sort(shares)
	b.ReportMetric(rates[len(rates)/2]/1e9, "Gop/s")
	b.ReportMetric(100*shares[len(shares)/2], "%peak")
	b.ReportMetric(0, "ns/op")
}
