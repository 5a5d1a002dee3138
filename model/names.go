package model

import (
	"errors"
	"strings"

	"github.com/pairstream/pairstream/model/checkpoint"
)

// naming maps a parameter, by its name in the original checkpoints, to the tensors of a file.
type naming interface {
	// stored gives the tensors that, one below the other, make the parameter, and whether each is its transpose.
	stored(name string) (tensors []piece, transposed bool)
}

// piece is a tensor of a file that holds a share of a parameter's rows, beside the shares of the others.
type piece struct {
	name  string
	share int
}

// namingOf recognises how a checkpoint names its tensors.
func namingOf(f *checkpoint.File) (naming, error) {
	has := func(name string) bool {
		_, ok := f.Tensor(name)
		return ok
	}
	for _, prefix := range []string{"", "module."} { // module.: saved from distributed training
		switch {
		case has(prefix+"visual.conv1.weight") && has(prefix+"text.token_embedding.weight"):
			return originalNames{prefix: prefix, text: "text."}, nil
		case has(prefix + "visual.conv1.weight"):
			return originalNames{prefix: prefix}, nil
		case has(prefix + "visual.trunk.patch_embed.proj.weight"):
			return tableNames{prefix, &timmSigLIP}, nil
		case has(prefix + "vision_model.head.probe"):
			return tableNames{prefix, &huggingFaceSigLIP}, nil
		case has(prefix + "vision_model.embeddings.patch_embedding.weight"):
			return tableNames{prefix, &huggingFaceCLIP}, nil
		}
	}
	return nil, errors.New(f.Name() + ": neither visual.conv1.weight nor vision_model.embeddings.patch_embedding.weight: not a CLIP")
}

// originalNames are OpenAI's, which open_clip keeps; its CustomTextCLIP puts the text tower under "text.".
type originalNames struct{ prefix, text string }

func (n originalNames) stored(name string) ([]piece, bool) {
	if !strings.HasPrefix(name, "visual.") && !strings.HasPrefix(name, "logit_") {
		name = n.text + name
	}
	return []piece{{n.prefix + name, 1}}, false
}

// tableNames are those of other packages.
type tableNames struct {
	prefix string
	*nameTable
}

func (n tableNames) stored(name string) ([]piece, bool) {
	for _, e := range n.entries {
		rest, ok := strings.CutPrefix(name, e.original)
		if !ok {
			continue
		}
		if e.rest != nil {
			rest = e.rest.Replace(rest)
		}
		theirs := n.prefix + e.theirs + rest
		if before, after, ok := strings.Cut(theirs, n.mark); ok {
			var pieces []piece
			for _, p := range n.pieces {
				pieces = append(pieces, piece{before + p.name + after, p.share})
			}
			return pieces, false
		}
		return []piece{{theirs, 1}}, e.transposed
	}
	panic("model: no " + n.whose + " name for " + name)
}

// buffer tells tensors that some writers add and that hold nothing a model needs.
func buffer(name string) bool {
	switch strings.TrimPrefix(name, "module.") {
	case "input_resolution", "context_length", "vocab_size": // OpenAI's archives
		return true
	}
	return strings.HasSuffix(name, ".embeddings.position_ids") || // transformers before 4.31
		strings.HasSuffix(name, ".num_batches_tracked") // PyTorch's batch normalisation
}
