package train

import (
	"fmt"
	"math"
)

// An Epoch is one in numbers, for Observe.
type Epoch struct {
	Pairs          int     // of a batch
	Loss, Accuracy float64 // the means of its steps
	LogitScale     float64 // at its end
	Duplicates     float64 // share of captions that are in the batch before, and held against each other
	HeldLoss       float64 // of pairs that are not learnt from; 0 where there are none
}

// smallBatch is how many pairs a batch should have at least.
const smallBatch = 16

// Observe says in words how training goes: what stands in its way, where something seems to, or else how the last of
// the epochs compares with those before it.
func Observe(epochs []Epoch) string {
	last := epochs[len(epochs)-1]
	chance := math.Log(float64(last.Pairs))
	switch {
	case math.IsNaN(last.Loss) || math.IsInf(last.Loss, 0):
		return "diverged: the learning rate is too high"
	case last.Loss > 1.05*chance+0.05:
		return fmt.Sprintf("worse than chance (ln %d = %.2f): the learning rate is too high", last.Pairs, chance)
	case last.Pairs < smallBatch && len(epochs) == 1:
		return fmt.Sprintf("a batch of %d leaves little to tell apart: take a larger one", last.Pairs)
	case len(epochs) > 1 && last.Loss > 0.98*chance:
		return fmt.Sprintf("stuck at chance (ln %d = %.2f): try another learning rate or a longer warm-up", last.Pairs, chance)
	case last.Duplicates > 0.1:
		return fmt.Sprintf("%.0f %% of the captions are in their batch before, and held against each other: see distinct", 100*last.Duplicates)
	case last.LogitScale > 99.9:
		return "logit_scale is at its clamp of 100"
	case last.Loss > 0.98*chance:
		return fmt.Sprintf("as by chance (ln %d = %.2f)", last.Pairs, chance)
	case len(epochs) == 1:
		return "learns"
	}
	before := epochs[len(epochs)-2]
	fall := 1 - last.Loss/before.Loss
	switch {
	case before.HeldLoss > 0 && last.HeldLoss > 1.02*before.HeldLoss && fall > 0 && last.Loss < 0.8*chance:
		return "learns by heart: the loss of held-out pairs rises"
	case fall > 0.15:
		return "learns fast"
	case fall > 0.02:
		return "learns"
	case fall > -0.02:
		return "hardly changes"
	}
	return "the loss rises"
}
