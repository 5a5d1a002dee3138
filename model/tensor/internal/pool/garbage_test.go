//go:build !race

package pool

import "testing"

// TestGarbage is not for the race detector, with which a sync.Pool forgets at random.
func TestGarbage(t *testing.T) {
	processors(t, 2)
	var job Job = Func(func(int) {})
	if n := testing.AllocsPerRun(100, func() { Run(10, job) }); n >= 1 {
		t.Errorf("Run allocates %v times", n)
	}
}
