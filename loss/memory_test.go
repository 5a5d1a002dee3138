//go:build !race

package loss

import (
	"runtime"
	"testing"
)

// TestMemory checks that nothing as large as the matrix, here of 64 MB, is ever asked for (but under the race detector, where a
// sync.Pool forgets at random).
func TestMemory(t *testing.T) {
	const n, d = 4096, 4
	images, texts := pairs(n, d, 1, 1)
	for name, l := range losses(n) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := l.Forward(images, texts, d, 10); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Backward(make([]float32, n*d), make([]float32, n*d)); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
			t.Errorf("%s: %d bytes for a window of %d pairs", name, got, n)
		}
	}
}
