package model

import "fmt"

// Family is a kind of model: it says which network each tower is.
type Family int

// The families of published models.
const (
	ViT    Family = iota // CLIP with a vision transformer
	ResNet               // CLIP with a residual network of convolutions, and attention for pooling
	SigLIP               // SigLIP (Zhai et al. 2023, https://arxiv.org/abs/2303.15343): two transformers without a mask
)

// String returns the family's name.
func (f Family) String() string {
	if f >= 0 && int(f) < len(families) {
		return families[f].name
	}
	return fmt.Sprintf("family %d", int(f))
}

// family is what the models of a Family are made of. Everything else about them is told by their Config.
type family struct {
	name     string
	validate func(Config) error
	image    func(Config, lookup) imageTower
	text     func(Config, lookup) textTower
	// The tensors of the towers; names are the original's.
	imageParameters, textParameters func(Config, addParameter)
	activations                     []Activation // that published models have
	pieces                          bool         // whether captions become pieces, by a vocabulary of the model's own
}

var families = [...]family{
	ViT: {
		name: "ViT", validate: Config.validateViT,
		image: newVision, imageParameters: addVision,
		text: newText, textParameters: addText,
		activations: []Activation{QuickGELU, GELU},
	},
	ResNet: {
		name: "ResNet", validate: Config.validateResNet,
		image: newResNet, imageParameters: addResNet,
		text: newText, textParameters: addText,
		activations: []Activation{QuickGELU, GELU},
	},
	SigLIP: {
		name: "SigLIP", validate: Config.validateSigLIP,
		image: newSigLIPVision, imageParameters: addSigLIPVision,
		text: newSigLIPText, textParameters: addSigLIPText,
		activations: []Activation{GELU, TanhGELU}, pieces: true,
	},
}
