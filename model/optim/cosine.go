package optim

import "math"

// Cosine is open_clip's schedule: the rate rises in equal steps over Warmup steps to Peak, and falls along half a
// cosine to 0 at Steps.
type Cosine struct {
	Peak          float64
	Warmup, Steps int
}

// Rate is the learning rate of a step, counted from 0; from Steps on it is 0.
func (c Cosine) Rate(step int) float64 {
	switch {
	case step < c.Warmup:
		return c.Peak * float64(step+1) / float64(c.Warmup)
	case step >= c.Steps:
		return 0
	}
	return 0.5 * (1 + math.Cos(math.Pi*float64(step-c.Warmup)/float64(c.Steps-c.Warmup))) * c.Peak
}
