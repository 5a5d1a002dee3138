package checkpoint

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestForget checks that what was read costs no memory after Forget, and can be read again.
func TestForget(t *testing.T) {
	const n = 1 << 20
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i)
	}
	path := filepath.Join(t.TempDir(), "forgotten.safetensors")
	var b bytes.Buffer
	if err := Write(&b, []Tensor{FromFloats("x", []int{n}, values)}, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	x, _ := f.Tensor("x")
	for range 2 {
		read, err := x.Floats()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range read {
			if v != values[i] {
				t.Fatalf("value %d is %v, want %v", i, v, values[i])
			}
		}
		if kB := resident(t, path); kB < 4*n/1024 {
			t.Errorf("%d kB are resident after all was read, want %d", kB, 4*n/1024)
		}
		f.Forget()
		if kB := resident(t, path); kB != 0 {
			t.Errorf("%d kB are resident after Forget", kB)
		}
	}
}

// resident is how much of a mapped file is in this process's memory.
func resident(t *testing.T, path string) (kB int) {
	t.Helper()
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer maps.Close()
	in := false
	for s := bufio.NewScanner(maps); s.Scan(); {
		line := s.Text()
		if first, _, _ := strings.Cut(line, " "); !strings.HasSuffix(first, ":") { // the head of a mapping
			in = strings.HasSuffix(line, path)
		}
		var n int
		if _, err := fmt.Sscanf(line, "Rss: %d kB", &n); in && err == nil {
			kB += n
		}
	}
	return kB
}
