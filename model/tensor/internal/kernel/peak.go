package kernel

import "time"

// Peak measures how many operations a second one processor could do at most in products of a precision, by
// multiplying in registers for about a millisecond. An operation is an addition or a multiplication. It returns 0 for
// kernels in Go.
func Peak(p Precision) float64 {
	run := active.peaks[p]
	if run == nil {
		return 0
	}
	const turns = 100_000
	start := time.Now()
	run(turns)
	return float64(turns*active.operations[p]) / time.Since(start).Seconds()
}
