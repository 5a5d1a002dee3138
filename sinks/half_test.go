package sinks

import (
	"bytes"
	"math"
	"os"
	"testing"
)

// toFloat returns the value of a float16, which is exact.
func toFloat(bits uint16) float64 {
	fraction, exponent := float64(bits&0x3ff), int(bits>>10&0x1f)
	sign := 1.0
	if bits>>15 == 1 {
		sign = -1
	}
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// Every float16 stands for itself; what lies between two goes to the nearer, and what lies in the middle to the even one.
func TestHalf(t *testing.T) {
	for bits := range uint16(0x7c00) {
		low, high := toFloat(bits), toFloat(bits+1)
		if bits == 0x7bff {
			high = 65536
		}
		middle := float32((low + high) / 2)
		even := bits + bits&1
		for _, c := range []struct {
			value float32
			want  uint16
		}{
			{float32(low), bits},
			{math.Nextafter32(middle, 0), bits},
			{middle, even},
			{math.Nextafter32(middle, 1e6), bits + 1},
		} {
			if got := half(c.value); got != c.want {
				t.Fatalf("half(%v) = %#04x, not %#04x", c.value, got, c.want)
			}
			if got := half(-c.value); got != c.want|0x8000 {
				t.Fatalf("half(%v) = %#04x, not %#04x", -c.value, got, c.want|0x8000)
			}
		}
	}
	for _, f := range []float32{math.MaxFloat32, 65520, float32(math.Inf(1))} {
		if got := half(f); got != 0x7c00 {
			t.Errorf("half(%v) = %#04x, not infinity", f, got)
		}
	}
	for _, bits := range []uint32{0x7f800001, 0x7fc00000, 0xffffffff} {
		if got := half(math.Float32frombits(bits)); !math.IsNaN(toFloat(got)) {
			t.Errorf("half of NaN %#08x = %#04x", bits, got)
		}
	}
}

// What NumPy makes of floats of all sizes: see testdata/make_half.py.
func TestHalfIsNumPys(t *testing.T) {
	floats, err := os.ReadFile("testdata/float32.npy")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/float16.npy")
	if err != nil {
		t.Fatal(err)
	}
	var values []float32
	for i := npyHeader; i < len(floats); i += 4 {
		values = append(values, math.Float32frombits(uint32(floats[i])|uint32(floats[i+1])<<8|uint32(floats[i+2])<<16|uint32(floats[i+3])<<24))
	}
	if got := appendHalf(nil, values); !bytes.Equal(got, want[npyHeader:]) {
		for i := range values {
			if !bytes.Equal(got[2*i:2*i+2], want[npyHeader+2*i:][:2]) {
				t.Fatalf("half(%v) = %x, not %x", values[i], got[2*i:2*i+2], want[npyHeader+2*i:][:2])
			}
		}
	}
}
