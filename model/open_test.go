package model

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/tokenizer"
)

// tensors are those of a checkpoint, to be tampered with.
type tensors map[string]checkpoint.Tensor

func (ts tensors) set(name string, shape []int, values ...float32) {
	ts[name] = checkpoint.FromFloats(name, shape, values)
}

func (ts tensors) rename(rename func(string) string) {
	for _, t := range slices.Collect(maps.Values(ts)) {
		delete(ts, t.Name)
		t.Name = rename(t.Name)
		ts[t.Name] = t
	}
}

// tamper copies a golden model, changes its tensors and, by pairs of old and new text, its configuration.
func tamper(t *testing.T, model, config, weights string, change func(tensors), replace ...string) string {
	t.Helper()
	from, dir := filepath.Join("testdata/golden", model), t.TempDir()
	text, err := os.ReadFile(filepath.Join(from, config))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(string(text), replace[i]) {
			t.Fatalf("%s does not contain %q", config, replace[i])
		}
	}
	write(t, filepath.Join(dir, config), []byte(strings.NewReplacer(replace...).Replace(string(text))))
	f, err := checkpoint.Open(filepath.Join(from, weights))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ts := make(tensors)
	for _, name := range f.Names() {
		tensor, _ := f.Tensor(name)
		ts[name] = *tensor
	}
	if change != nil {
		change(ts)
	}
	var buf bytes.Buffer
	if err := checkpoint.Write(&buf, slices.Collect(maps.Values(ts)), nil); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, weights), buf.Bytes())
	return dir
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func openCLIPDir(t *testing.T, change func(tensors), replace ...string) string {
	return tamper(t, "openclip", openCLIPConfig, openCLIPWeights, change, replace...)
}

func huggingFaceDir(t *testing.T, change func(tensors), replace ...string) string {
	return tamper(t, "huggingface", huggingFaceConfig, plainWeights, change, replace...)
}

// TestOpenVariants opens what should be the same model under other names, or with things beside it.
func TestOpenVariants(t *testing.T) {
	openCLIP := openTest(t, "testdata/golden/openclip", Options{}).Fingerprint()
	huggingFace := openTest(t, "testdata/golden/huggingface", Options{}).Fingerprint()
	for _, test := range []struct{ name, dir, want string }{
		{"distributed", openCLIPDir(t, func(ts tensors) {
			ts.rename(func(name string) string { return "module." + name })
		}), openCLIP},
		{"custom text", openCLIPDir(t, func(ts tensors) {
			ts.rename(func(name string) string {
				if strings.HasPrefix(name, "visual.") || name == "logit_scale" {
					return name
				}
				return "text." + name
			})
		}), openCLIP},
		{"scale as a vector", openCLIPDir(t, func(ts tensors) {
			scale := ts["logit_scale"]
			scale.Shape = []int{1}
			ts["logit_scale"] = scale
		}), openCLIP},
		{"OpenAI's numbers", openCLIPDir(t, func(ts tensors) {
			ts.set("input_resolution", nil, 24)
			ts.set("context_length", nil, 12)
			ts.set("vocab_size", nil, 64)
		}), openCLIP},
		{"neutral settings", openCLIPDir(t, nil,
			`"embed_dim"`, `"multimodal_cfg": null, "init_logit_scale": 2.6, "embed_dim"`,
			`"layers": 2`, `"layers": 2, "ls_init_value": null, "proj_bias": false, "block_type": null, "output_tokens": true`), openCLIP},
		{"old buffers", huggingFaceDir(t, func(ts tensors) {
			ts.set("text_model.embeddings.position_ids", []int{1, 2}, 0, 1)
			ts.set("vision_model.embeddings.position_ids", []int{1, 2}, 0, 1)
		}), huggingFace},
		{"old sections", huggingFaceDir(t, nil,
			`"text_config": {`, `"text_config": {"hidden_size": 1}, "text_config_dict": {`,
			`"vision_config": {`, `"vision_config_dict": null, "vision_config": {`), huggingFace},
		{"pairs of sizes", huggingFaceDir(t, nil,
			`"image_size": 24`, `"image_size": [24, 24]`, `"patch_size": 6`, `"patch_size": [6, 6]`), huggingFace},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := openTest(t, test.dir, Options{}).Fingerprint(); got != test.want {
				t.Errorf("fingerprint %s, want %s", got, test.want)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	const proj = "visual.transformer.resblocks.1.mlp.c_proj.weight"
	for _, test := range []struct {
		name, dir, want string
	}{
		{"missing", openCLIPDir(t, func(ts tensors) { delete(ts, proj) }),
			"open_clip_model.safetensors: tensor " + proj + " [24 48] is missing"},
		{"extra", openCLIPDir(t, func(ts tensors) { ts.set("visual.transformer.resblocks.1.ls_1.gamma", []int{2}, 1, 1) }),
			"open_clip_model.safetensors: tensor visual.transformer.resblocks.1.ls_1.gamma [2] has no place in this model"},
		{"too many layers", openCLIPDir(t, nil, `"layers": 2`, `"layers": 1`),
			"open_clip_model.safetensors: tensor transformer.resblocks.1.attn.in_proj_bias [48] has no place in this model"},
		{"misshaped", openCLIPDir(t, nil, `"embed_dim": 20`, `"embed_dim": 21`),
			"open_clip_model.safetensors: tensor visual.proj has shape [24 20], want [24 21]"},
		{"not a number", openCLIPDir(t, func(ts tensors) { ts.set("ln_final.bias", []int{16}, append(make([]float32, 15), nan)...) }),
			"open_clip_model.safetensors: tensor ln_final.bias: element 15 is NaN"},
		{"infinite", openCLIPDir(t, func(ts tensors) { ts.set("logit_scale", nil, float32(math.Inf(-1))) }),
			"open_clip_model.safetensors: tensor logit_scale: element 0 is -Inf"},
		{"missing in its own words", huggingFaceDir(t, func(ts tensors) { delete(ts, "text_model.encoder.layers.0.self_attn.k_proj.weight") }),
			"model.safetensors: tensor text_model.encoder.layers.0.self_attn.k_proj.weight [16 16] is missing"},
		{"misshaped in its own words", huggingFaceDir(t, nil, `"projection_dim": 20`, `"projection_dim": 21`),
			"model.safetensors: tensor visual_projection.weight has shape [20 24], want [21 24]"},
		{"not a CLIP", openCLIPDir(t, func(ts tensors) { clear(ts) }),
			"open_clip_model.safetensors: neither visual.conv1.weight nor vision_model.embeddings.patch_embedding.weight: not a CLIP"},
		{"layer scale", openCLIPDir(t, nil, `"patch_size": 6`, `"patch_size": 6, "ls_init_value": 1e-5`),
			"open_clip_config.json: vision_cfg: ls_init_value: 1e-5 is not supported"},
		{"other pooling", openCLIPDir(t, nil, `"context_length"`, `"pool_type": "last", "context_length"`),
			`open_clip_config.json: text_cfg: pool_type "last" is not supported`},
		{"number as text", openCLIPDir(t, nil, `"embed_dim": 20`, `"embed_dim": "20"`),
			"open_clip_config.json: model_cfg: embed_dim: json: cannot unmarshal string into Go value of type int"},
		{"absurd width", openCLIPDir(t, nil, `"width": 24`, `"width": 24000000`),
			"open_clip_config.json: image width is 24000000, want 1 to 16384"},
		{"heads", openCLIPDir(t, nil, `"heads": 2`, `"heads": 3`),
			"open_clip_config.json: text width 16 is not a multiple of its 3 heads"},
		{"patch", openCLIPDir(t, nil, `"image_size": 24`, `"image_size": 5`),
			"open_clip_config.json: image size 5 is less than patch 6"},
		{"stages", openCLIPDir(t, nil, `"layers": 2`, `"layers": [2, 2, 2]`),
			"open_clip_config.json: vision_cfg: layers: [2, 2, 2]: want the blocks of 4 stages"},
		{"oblong", openCLIPDir(t, nil, `"image_size": 24`, `"image_size": [24, 30]`),
			"open_clip_config.json: vision_cfg: image_size: [24, 30]: want one number, or two that are the same"},
		{"bilinear", openCLIPDir(t, nil, `"bicubic"`, `"bilinear"`),
			`open_clip_config.json: preprocess_cfg: mode "RGB", interpolation "bilinear": want RGB, bicubic`},
		{"zero deviation", openCLIPDir(t, nil, `0.25,`, `0,`),
			"open_clip_config.json: preprocess mean [0.5 0.4 0.3], std [0.2 0 0.3]"},
		{"another model", huggingFaceDir(t, nil, `"model_type": "clip",`, `"model_type": "flava",`),
			`config.json: model_type "flava" is not supported, want clip or siglip`},
		{"another activation", huggingFaceDir(t, nil, `"quick_gelu"`, `"gelu_new"`),
			`config.json: hidden_act "gelu_new" is not supported, want quick_gelu or gelu`},
		{"another epsilon", huggingFaceDir(t, nil, `1e-05`, `1e-06`),
			"config.json: text_config: layer_norm_eps 1e-06 is not supported, want 1e-05"},
		{"two ends", huggingFaceDir(t, nil, `"eos_token_id": 50`, `"eos_token_id": [50, 51]`),
			"config.json: text_config: eos_token_id [50, 51] is not supported, want one id"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := open(test.dir, Options{})
			if err == nil || err.Error() != test.want {
				t.Errorf("error %v\n want %s", err, test.want)
			}
		})
	}
}

var nan = float32(math.NaN())

// TestFind tells which files of a directory make the model, or why none do.
func TestFind(t *testing.T) {
	for _, test := range []struct {
		has  string
		want layout
		err  string
	}{
		{has: "open_clip_config.json open_clip_model.safetensors config.json model.safetensors", want: layout{openCLIPConfig, openCLIPWeights}},
		{has: "open_clip_config.json config.json model.safetensors", want: layout{huggingFaceConfig, plainWeights}},
		{has: "open_clip_config.json model.safetensors", want: layout{openCLIPConfig, plainWeights}},
		{has: "open_clip_config.json open_clip_pytorch_model.safetensors open_clip_pytorch_model.bin", want: layout{openCLIPConfig, "open_clip_pytorch_model.safetensors"}},
		{has: "config.json model.safetensors.index.json", want: layout{huggingFaceConfig, "model.safetensors.index.json"}},
		{has: "model.safetensors README.md", want: layout{"", plainWeights}},
		{has: "config.json pytorch_model.bin", err: "no safetensors file, only pytorch_model.bin: a pickled PyTorch file runs code when it is read: convert it to safetensors first"},
		{has: "README.md", err: "no model.safetensors or open_clip_model.safetensors: file does not exist"},
	} {
		t.Run(test.has, func(t *testing.T) {
			dir := t.TempDir()
			for name := range strings.FieldsSeq(test.has) {
				write(t, filepath.Join(dir, name), nil)
			}
			got, err := find(dir)
			if err != nil && err.Error() != test.err || got != test.want {
				t.Errorf("%v, %v; want %v, %s", got, err, test.want, test.err)
			}
		})
	}
}

func TestOpenNoDirectory(t *testing.T) {
	dir := t.TempDir()
	pt, txt, none := filepath.Join(dir, "ViT-B-32.pt"), filepath.Join(dir, "a.txt"), filepath.Join(dir, "none")
	write(t, pt, nil)
	write(t, txt, nil)
	for path, want := range map[string]error{pt: errPickle, txt: fs.ErrInvalid, none: fs.ErrNotExist} {
		_, err := Open(path)
		if !errors.Is(err, want) || !strings.HasPrefix(err.Error(), "model "+path+": ") {
			t.Errorf("error %v, want %v", err, want)
		}
	}
}

// TestOpenBare infers the architecture of weights that have nothing beside them.
func TestOpenBare(t *testing.T) {
	want := Config{
		Embed:      20,
		Image:      ImageConfig{Size: 24, Patch: 8, Width: 128, Layers: 3, Heads: 2, MLP: 100},
		Text:       TextConfig{Context: 9, Vocab: 30, Width: 64, Layers: 1, Heads: 1, MLP: 256},
		Activation: GELU,
		Preprocess: OpenAIPreprocess(),
	}
	saved, dir := t.TempDir(), t.TempDir()
	if err := New(want, 1).Save(saved); err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join(saved, openCLIPWeights), filepath.Join(dir, plainWeights))
	if _, err := open(dir, Options{}); !errors.Is(err, ErrActivation) {
		t.Errorf("error %v, want %v", err, ErrActivation)
	}
	c := openTest(t, dir, Options{Activation: GELU})
	if c.Config() != want {
		t.Errorf("config %+v\nwant   %+v", c.Config(), want)
	}
}

func TestOpenBareErrors(t *testing.T) {
	for name, test := range map[string]struct {
		change func(tensors)
		want   string
	}{
		"odd width": {nil, "model.safetensors: image heads is 0, want 1 to 256"},
		"resnet": {func(ts tensors) {
			delete(ts, "visual.class_embedding")
			delete(ts, "visual.positional_embedding")
			ts.set("visual.layer1.0.conv1.weight", []int{1}, 1)
		}, "model.safetensors: tensor visual.attnpool.c_proj.weight is missing"},
		"no projection":   {func(ts tensors) { delete(ts, "visual.proj") }, "model.safetensors: tensor visual.proj is missing"},
		"flat projection": {func(ts tensors) { ts.set("visual.proj", []int{1}, 1) }, "model.safetensors: tensor visual.proj has shape [1], want 2 dimensions"},
		"hugging face": {func(ts tensors) {
			ts.rename(func(name string) string {
				return strings.Replace(name, "visual.conv1", "vision_model.embeddings.patch_embedding", 1)
			})
		}, "model.safetensors has Hugging Face names, which need config.json beside them"},
	} {
		t.Run(name, func(t *testing.T) {
			from, dir := openCLIPDir(t, test.change), t.TempDir()
			link(t, filepath.Join(from, openCLIPWeights), filepath.Join(dir, plainWeights))
			if _, err := open(dir, Options{Activation: QuickGELU}); err == nil || err.Error() != test.want {
				t.Errorf("error %v\n want %s", err, test.want)
			}
		})
	}
}

// TestOpenTokenizer opens models with their tokenizer, which must know no ids that the text tower does not.
func TestOpenTokenizer(t *testing.T) {
	cfg := small
	cfg.Text.Vocab, cfg.Text.EndOfText = tokenizer.VocabSize, tokenizer.End
	dir := t.TempDir()
	if err := New(cfg, 1).Save(dir); err != nil {
		t.Fatal(err)
	}
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Tokenizer().Flavour() != tokenizer.OpenCLIP || c.Name() != filepath.Base(dir) {
		t.Errorf("%s has a tokenizer of flavour %v", c.Name(), c.Tokenizer().Flavour())
	}

	cfg.Text.EndOfText--
	if err := New(cfg, 1).Save(dir); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		dir:                        "texts are said to end with id 49406, but the tokenizer ends them with 49407",
		"testdata/golden/openclip": "a vocabulary of 64, but the tokenizer has 49408 ids",
	} {
		if _, err := Open(dir); err == nil || err.Error() != "model "+dir+": "+want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
