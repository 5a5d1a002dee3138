package kernel

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// TestPages checks that weights are outside the heap, and that their memory goes when they do.
func TestPages(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := new(Weights)
	s := pages[float32](w, 4<<20)
	s[len(s)-1] = 1
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown >= 16<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	if start%64 != 0 || !mapped(t, start) {
		t.Fatalf("weights at %#x: not on a line, or nowhere", start)
	}
	runtime.KeepAlive(w)
	for range 100 { // cleanups run some time after a collection
		runtime.GC()
		if !mapped(t, start) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the memory is still there, long after the weights")
}

// mapped tells whether a mapping of this process has that address in it.
func mapped(t *testing.T, address uintptr) bool {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err == nil && from <= address && address < to {
			return true
		}
	}
	return false
}
