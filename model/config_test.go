package model

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParseHuggingFacePreprocess(t *testing.T) {
	half := Preprocess{Mean: [3]float32{0.5, 0.5, 0.5}, Std: [3]float32{0.5, 0.5, 0.5}}
	squash := half
	squash.Squash = true
	for _, test := range []struct {
		name, text string
		want       Preprocess
		err        string
	}{
		{name: "empty", text: `{}`, want: OpenAIPreprocess()},
		{name: "old", text: `{"crop_size": 224, "size": 224, "resample": 3, "image_mean": [0.5,0.5,0.5], "image_std": [0.5,0.5,0.5]}`, want: half},
		{name: "new", text: `{"crop_size": {"height": 224, "width": 224}, "size": {"shortest_edge": 224}, "image_mean": [0.5,0.5,0.5], "image_std": [0.5,0.5,0.5]}`, want: half},
		{name: "squash", text: `{"do_center_crop": false, "size": {"height": 224, "width": 224}, "image_mean": [0.5,0.5,0.5], "image_std": [0.5,0.5,0.5]}`, want: squash},
		{name: "no crop", text: `{"do_center_crop": false}`, err: "pictures would not all be 224×224: no do_center_crop, and size is the shorter side's"},
		{name: "other size", text: `{"size": {"shortest_edge": 336}}`, err: "size is 336, but the model's images are 224"},
		{name: "other crop", text: `{"crop_size": 336}`, err: "crop_size is 336, but the model's images are 224"},
		{name: "oblong", text: `{"crop_size": {"height": 224, "width": 200}}`, err: `{"height": 224, "width": 200}: want one number, or two that are the same`},
		{name: "bilinear", text: `{"resample": 2}`, err: "want do_resize, do_rescale, do_normalize, and resample 3"},
		{name: "not normalised", text: `{"do_normalize": false}`, err: "want do_resize, do_rescale, do_normalize, and resample 3"},
		{name: "other factor", text: `{"rescale_factor": 0.0078125}`, err: "rescale_factor 0.0078125 is not supported, want 1/255"},
		{name: "grey", text: `{"image_mean": [0.5]}`, err: "image_mean [0.5], image_std [0.26862955 0.2613026 0.2757771]: want 3 values each"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := OpenAIPreprocess()
			err := parseHuggingFacePreprocess([]byte(test.text), 224, &got)
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Errorf("error %v\n want %s", err, test.err)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("%+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

// TestParseDefaults reads configurations that leave everything to the packages that wrote them.
func TestParseDefaults(t *testing.T) {
	b32, err := Preset("ViT-B-32")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := parseHuggingFace([]byte(`{"model_type": "clip"}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	b32.Text.EndOfText = 49407
	if theirs != b32 {
		t.Errorf("transformers: %+v\nwant %+v", theirs, b32)
	}
	b16, err := Preset("ViT-B-16")
	if err != nil {
		t.Fatal(err)
	}
	b16.Activation = GELU
	theirs, err = parseOpenCLIP([]byte(`{"model_cfg": {"embed_dim": 512, "vision_cfg": {}, "text_cfg": {}}}`))
	if err != nil || theirs != b16 {
		t.Errorf("open_clip: %+v, %v\nwant %+v", theirs, err, b16)
	}
}

// FuzzConfig feeds configurations: any answer but a panic will do.
func FuzzConfig(f *testing.F) {
	for _, name := range []string{"openclip-bf16-customtext/open_clip_config.json", "huggingface/config.json", "huggingface/preprocessor_config.json"} {
		text, err := os.ReadFile(filepath.Join("testdata/golden", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if cfg, err := parseOpenCLIP(text); err == nil && cfg.Validate() == nil {
			cfg.withDefaults().parameters()
		}
		if cfg, err := parseHuggingFace(text, nil); err == nil && cfg.Validate() == nil {
			cfg.withDefaults().parameters()
		}
		p := OpenAIPreprocess()
		_ = parseHuggingFacePreprocess(text, 224, &p)
	})
}
