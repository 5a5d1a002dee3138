package model

import (
	"fmt"

	"github.com/pairstream/pairstream/model/tensor"
)

// Activation is the non-linearity between the two layers of an MLP. The shapes of a checkpoint's tensors
// cannot tell which it was trained with.
type Activation int

// The activations of published CLIP models.
const (
	ActivationUnknown Activation = iota
	QuickGELU                    // x·sigmoid(1.702·x): OpenAI's own weights and those trained like them
	GELU                         // x·Φ(x): most open_clip weights
	TanhGELU                     // its approximation by tanh: SigLIP
)

func (a Activation) String() string {
	switch a {
	case QuickGELU:
		return "quick_gelu"
	case GELU:
		return "gelu"
	case TanhGELU:
		return "gelu_pytorch_tanh"
	}
	return "unknown"
}

// activationFunctions compute an activation. Without backward it cannot be trained.
type activationFunctions struct {
	packed   tensor.Activation
	forward  func(y, x []float32)
	backward func(dx, dy, x []float32)
}

func (a Activation) functions() activationFunctions {
	switch a {
	case GELU:
		return activationFunctions{tensor.ActivateGELU, tensor.GELU, tensor.GELUBackward}
	case TanhGELU:
		return activationFunctions{packed: tensor.ActivateTanhGELU}
	}
	return activationFunctions{tensor.ActivateQuickGELU, tensor.QuickGELU, tensor.QuickGELUBackward}
}

// ParseActivation reads quickgelu, or quick_gelu as configurations spell it, or gelu. The empty string is
// ActivationUnknown.
func ParseActivation(name string) (Activation, error) {
	switch name {
	case "":
		return ActivationUnknown, nil
	case "quickgelu", "quick_gelu":
		return QuickGELU, nil
	case "gelu":
		return GELU, nil
	}
	return ActivationUnknown, fmt.Errorf("activation %q is neither quickgelu nor gelu", name)
}
