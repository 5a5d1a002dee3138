package pool

import (
	"sync"
	"sync/atomic"
	"testing"
)

// TestPhases has many callers at once, for more phases than one worker gets through alone, and checks that each piece is
// done once and in its phase.
func TestPhases(t *testing.T) {
	processors(t, 4)
	const callers, rounds, count = 5, 50, 20
	for _, pieces := range []int{1, 2, 3, 7} {
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				for range rounds {
					done := make([]atomic.Int64, count)
					RunPhases(count, pieces, func(phase, piece int) {
						if phase > 0 && done[phase-1].Load() != int64(pieces) {
							t.Errorf("phase %d began when %d pieces of the one before were done", phase, done[phase-1].Load())
						}
						done[phase].Add(1)
					})
					for phase := range done {
						if n := done[phase].Load(); n != int64(pieces) {
							t.Errorf("phase %d did %d of %d pieces", phase, n, pieces)
						}
					}
				}
			})
		}
		group.Wait()
	}
	if n := active.Load(); n != 0 {
		t.Errorf("%d goroutines are counted as active at rest", n)
	}
}

// TestPhasesTogether checks that the pieces of a phase are done at the same time.
func TestPhasesTogether(t *testing.T) {
	processors(t, 2)
	meet := make(chan bool)
	for range 20 {
		RunPhases(5, 2, func(_, piece int) {
			if piece == 0 {
				meet <- true
			} else {
				<-meet
			}
		})
	}
}

func TestPhasesPanic(t *testing.T) {
	processors(t, 2)
	for bad := range 2 {
		for range 50 {
			func() {
				defer func() {
					if r := recover(); r != "bad piece" {
						t.Errorf("recovered %v", r)
					}
				}()
				RunPhases(10, 2, func(phase, piece int) {
					if phase > 5 {
						t.Error("went on")
					}
					if phase == 5 && piece == bad {
						panic("bad piece")
					}
				})
			}()
		}
	}
}

// BenchmarkPhase measures a phase of two empty pieces.
func BenchmarkPhase(b *testing.B) {
	processors(b, 2)
	RunPhases(b.N, 2, func(int, int) {})
}
