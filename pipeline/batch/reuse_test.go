package batch

import (
	"bytes"
	"testing"
)

// Pieces of all sizes hold what they should, keep it when they grow, and are of few sizes, none much larger than asked for.
func TestReuse(t *testing.T) {
	var r reuse
	sizes := map[int]bool{}
	for size := 1; size < 1<<30; size += size/7 + 1 {
		step, most := r.step(size)
		if most < size || size > 64<<10 && most > size+size/4 {
			t.Errorf("%d bytes for %d", most, size)
		}
		if again, same := r.step(most); again != step || same != most {
			t.Errorf("step %d of %d bytes, but %d of %d", step, most, again, same)
		}
		sizes[most] = true
	}
	if len(sizes) > 4*14+1 {
		t.Errorf("%d sizes", len(sizes))
	}
	piece := r.Allocate(100_000)
	copy(piece, "as it was")
	larger := r.Reallocate(1_000_000, piece)
	if len(larger) != 1_000_000 || !bytes.HasPrefix(larger, []byte("as it was")) {
		t.Errorf("%d bytes that begin with %q", len(larger), larger[:9])
	}
	if smaller := r.Reallocate(10, larger); &smaller[0] != &larger[0] || len(smaller) != 10 {
		t.Error("smaller memory is elsewhere")
	}
	r.Free(nil)
	r.Free(make([]byte, 3)) // of another allocator: not kept, as it is of no step
}
