package model

import (
	"errors"
	"strings"

	"github.com/pairstream/pairstream/model/checkpoint"
)

// naming maps a parameter, by its name in the original checkpoints, to the tensors of a file.
type naming interface {
	// stored gives the names of the tensors that, one below the other, make the parameter, and whether each is
	// its transpose.
	stored(name string) (tensors []string, transposed bool)
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
		case has(prefix + "vision_model.embeddings.patch_embedding.weight"):
			return huggingFaceNames{prefix: prefix}, nil
		}
	}
	return nil, errors.New(f.Name() + ": neither visual.conv1.weight nor vision_model.embeddings.patch_embedding.weight: not a CLIP")
}

// originalNames are OpenAI's, which open_clip keeps; its CustomTextCLIP puts the text tower under "text.".
type originalNames struct{ prefix, text string }

func (n originalNames) stored(name string) ([]string, bool) {
	if !strings.HasPrefix(name, "visual.") && name != "logit_scale" {
		name = n.text + name
	}
	return []string{n.prefix + name}, false
}

// huggingFaceNames are those of transformers' CLIPModel.
type huggingFaceNames struct{ prefix string }

// huggingFaceTable translates by the first entry whose key begins the name; what follows goes through
// huggingFaceBlock.
var huggingFaceTable = []struct{ original, theirs string }{
	{"logit_scale", "logit_scale"},
	{"visual.class_embedding", "vision_model.embeddings.class_embedding"},
	{"visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"},
	{"visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight"},
	{"visual.ln_pre.", "vision_model.pre_layrnorm."}, // their spelling
	{"visual.transformer.resblocks.", "vision_model.encoder.layers."},
	{"visual.ln_post.", "vision_model.post_layernorm."},
	{"visual.proj", "visual_projection.weight"},
	{"token_embedding.weight", "text_model.embeddings.token_embedding.weight"},
	{"positional_embedding", "text_model.embeddings.position_embedding.weight"},
	{"transformer.resblocks.", "text_model.encoder.layers."},
	{"ln_final.", "text_model.final_layer_norm."},
	{"text_projection", "text_projection.weight"},
}

var huggingFaceBlock = strings.NewReplacer(
	".ln_1.", ".layer_norm1.",
	".ln_2.", ".layer_norm2.",
	".attn.out_proj.", ".self_attn.out_proj.",
	".mlp.c_fc.", ".mlp.fc1.",
	".mlp.c_proj.", ".mlp.fc2.",
)

func (n huggingFaceNames) stored(name string) ([]string, bool) {
	for _, e := range huggingFaceTable {
		rest, ok := strings.CutPrefix(name, e.original)
		if !ok {
			continue
		}
		theirs := n.prefix + e.theirs + huggingFaceBlock.Replace(rest)
		if block, kind, ok := strings.Cut(theirs, ".attn.in_proj_"); ok {
			return []string{
				block + ".self_attn.q_proj." + kind,
				block + ".self_attn.k_proj." + kind,
				block + ".self_attn.v_proj." + kind,
			}, false
		}
		return []string{theirs}, name == "visual.proj" || name == "text_projection"
	}
	panic("model: no Hugging Face name for " + name)
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
