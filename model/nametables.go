package model

import "strings"

// nameTable translates names by the first entry whose original begins them.
type nameTable struct {
	whose, config string // whose names they are, and the configuration that must stand beside them
	entries       []nameEntry
	// A translated name that contains mark is several tensors, with each of pieces in its place.
	mark   string
	pieces []piece
}

type nameEntry struct {
	original, theirs string
	rest             *strings.Replacer // for what follows; nil leaves it
	transposed       bool
}

// huggingFaceCLIP are the names of transformers' CLIPModel.
var huggingFaceCLIP = nameTable{
	whose: "Hugging Face", config: huggingFaceConfig,
	entries: []nameEntry{
		{original: "logit_scale", theirs: "logit_scale"},
		{original: "visual.class_embedding", theirs: "vision_model.embeddings.class_embedding"},
		{original: "visual.positional_embedding", theirs: "vision_model.embeddings.position_embedding.weight"},
		{original: "visual.conv1.", theirs: "vision_model.embeddings.patch_embedding."},
		{original: "visual.ln_pre.", theirs: "vision_model.pre_layrnorm."}, // their spelling
		{original: "visual.transformer.resblocks.", theirs: "vision_model.encoder.layers.", rest: huggingFaceBlock},
		{original: "visual.ln_post.", theirs: "vision_model.post_layernorm."},
		{original: "visual.proj", theirs: "visual_projection.weight", transposed: true},
		{original: "token_embedding.", theirs: "text_model.embeddings.token_embedding."},
		{original: "positional_embedding", theirs: "text_model.embeddings.position_embedding.weight"},
		{original: "transformer.resblocks.", theirs: "text_model.encoder.layers.", rest: huggingFaceBlock},
		{original: "ln_final.", theirs: "text_model.final_layer_norm."},
		{original: "text_projection", theirs: "text_projection.weight", transposed: true},
	},
	mark: ".attn.in_proj_", pieces: []piece{{".self_attn.q_proj.", 1}, {".self_attn.k_proj.", 1}, {".self_attn.v_proj.", 1}},
}

// huggingFaceSigLIP are the names of transformers' SiglipModel, for what its CLIPModel has not.
var huggingFaceSigLIP = nameTable{
	whose: "Hugging Face", config: huggingFaceConfig,
	entries: append([]nameEntry{
		{original: "logit_bias", theirs: "logit_bias"},
		{original: "visual.attn_pool.probe", theirs: "vision_model.head.probe"},
		{original: "visual.attn_pool.attn.", theirs: "vision_model.head.attention."},
		{original: "visual.attn_pool.ln.", theirs: "vision_model.head.layernorm."},
		{original: "visual.attn_pool", theirs: "vision_model.head", rest: huggingFaceBlock},
		{original: "text_projection.", theirs: "text_model.head."},
	}, huggingFaceCLIP.entries...),
	mark: huggingFaceCLIP.mark, pieces: huggingFaceCLIP.pieces,
}

var huggingFaceBlock = strings.NewReplacer(
	".ln_1.", ".layer_norm1.",
	".ln_2.", ".layer_norm2.",
	".attn.out_proj.", ".self_attn.out_proj.",
	".mlp.c_fc.", ".mlp.fc1.",
	".mlp.c_proj.", ".mlp.fc2.",
)

// timmSigLIP are open_clip's names where the image tower is one of timm's.
var timmSigLIP = nameTable{
	whose: "timm", config: openCLIPConfig,
	entries: []nameEntry{
		{original: "logit_", theirs: "logit_"},
		{original: "visual.conv1.", theirs: "visual.trunk.patch_embed.proj."},
		{original: "visual.positional_embedding", theirs: "visual.trunk.pos_embed"},
		{original: "visual.transformer.resblocks.", theirs: "visual.trunk.blocks.", rest: timmBlock},
		{original: "visual.ln_post.", theirs: "visual.trunk.norm."},
		{original: "visual.attn_pool.probe", theirs: "visual.trunk.attn_pool.latent"},
		{original: "visual.attn_pool.attn.in_proj_", theirs: "visual.trunk.attn_pool.in_proj_"},
		{original: "visual.attn_pool.attn.out_proj.", theirs: "visual.trunk.attn_pool.proj."},
		{original: "visual.attn_pool.ln.", theirs: "visual.trunk.attn_pool.norm."},
		{original: "visual.attn_pool", theirs: "visual.trunk.attn_pool", rest: timmBlock},
		{original: "", theirs: "text."},
	},
	mark: "attn_pool.in_proj_", pieces: []piece{{"attn_pool.q.", 1}, {"attn_pool.kv.", 2}},
}

var timmBlock = strings.NewReplacer(
	".ln_1.", ".norm1.",
	".ln_2.", ".norm2.",
	".attn.in_proj_", ".attn.qkv.",
	".attn.out_proj.", ".attn.proj.",
	".mlp.c_fc.", ".mlp.fc1.",
	".mlp.c_proj.", ".mlp.fc2.",
)
