package model

import (
	"encoding/json"
	"fmt"
)

// huggingFaceFile is config.json of a transformers CLIPModel or SiglipModel. The sections keep what older versions wrote beside
// them as …_config_dict, which goes before them.
type huggingFaceFile struct {
	ModelType  string          `json:"model_type"`
	Projection int             `json:"projection_dim"`
	Text       json.RawMessage `json:"text_config"`
	Vision     json.RawMessage `json:"vision_config"`
	TextDict   json.RawMessage `json:"text_config_dict"`
	VisionDict json.RawMessage `json:"vision_config_dict"`
}

// huggingFaceTower holds the fields of text_config and vision_config.
type huggingFaceTower struct {
	Width   int     `json:"hidden_size"`
	MLP     int     `json:"intermediate_size"`
	Layers  int     `json:"num_hidden_layers"`
	Heads   int     `json:"num_attention_heads"`
	Act     string  `json:"hidden_act"`
	Epsilon float64 `json:"layer_norm_eps"`

	Context   int             `json:"max_position_embeddings"`
	Embed     int             `json:"projection_size"` // SigLIP's; 0 is Width
	Vocab     int             `json:"vocab_size"`
	EndOfText json.RawMessage `json:"eos_token_id"`

	Size     side `json:"image_size"`
	Patch    side `json:"patch_size"`
	Channels int  `json:"num_channels"`
	Head     bool `json:"vision_use_head"` // SigLIP's
}

// parseHuggingFace reads the text of a config.json, and of the preprocessor_config.json beside it, nil where there
// is none. Where a field is missing its default is that of transformers' CLIPTextConfig, CLIPVisionConfig and
// CLIPImageProcessor.
func parseHuggingFace(config, preprocess []byte) (Config, error) {
	cfg, err := parseHuggingFaceModel(config)
	if err != nil {
		return cfg, fmt.Errorf("%s: %w", huggingFaceConfig, err)
	}
	if preprocess != nil {
		if err := parseHuggingFacePreprocess(preprocess, cfg.Image.Size, &cfg.Preprocess); err != nil {
			return cfg, fmt.Errorf("%s: %w", preprocessConfig, err)
		}
	}
	return cfg, nil
}

func parseHuggingFaceModel(config []byte) (Config, error) {
	f := huggingFaceFile{Projection: 512}
	if err := json.Unmarshal(config, &f); err != nil {
		return Config{}, err
	}
	switch f.ModelType {
	case "clip":
		return f.clip()
	case "siglip":
		return f.sigLIP()
	}
	return Config{}, fmt.Errorf("model_type %q is not supported, want clip or siglip", f.ModelType)
}

// clip reads the sections of a CLIPModel.
func (f *huggingFaceFile) clip() (Config, error) {
	text := huggingFaceTower{
		Width: 512, MLP: 2048, Layers: 12, Heads: 8, Act: "quick_gelu", Epsilon: 1e-5,
		Context: 77, Vocab: 49408, EndOfText: json.RawMessage("49407"),
	}
	if err := text.read(f.Text, f.TextDict, 1e-5); err != nil {
		return Config{}, fmt.Errorf("text_config: %w", err)
	}
	vision := huggingFaceTower{
		Width: 768, MLP: 3072, Layers: 12, Heads: 12, Act: "quick_gelu", Epsilon: 1e-5,
		Size: side{pixels: 224}, Patch: side{pixels: 32}, Channels: 3,
	}
	if err := vision.read(f.Vision, f.VisionDict, 1e-5); err != nil {
		return Config{}, fmt.Errorf("vision_config: %w", err)
	}
	if vision.Channels != 3 {
		return Config{}, fmt.Errorf("vision_config: num_channels %d is not supported, want 3", vision.Channels)
	}
	end, err := text.endOfText()
	if err != nil {
		return Config{}, fmt.Errorf("text_config: %w", err)
	}
	act, err := text.activation(QuickGELU, GELU)
	if err == nil && vision.Act != text.Act {
		err = fmt.Errorf("hidden_act %q of the text tower and %q of the vision tower", text.Act, vision.Act)
	}
	return Config{
		Embed: f.Projection,
		Image: ImageConfig{
			Size: vision.Size.pixels, Patch: vision.Patch.pixels,
			Width: vision.Width, Layers: vision.Layers, Heads: vision.Heads, MLP: vision.MLP,
		},
		Text: TextConfig{
			Context: text.Context, Vocab: text.Vocab, EndOfText: end,
			Width: text.Width, Layers: text.Layers, Heads: text.Heads, MLP: text.MLP,
		},
		Activation: act,
		Preprocess: OpenAIPreprocess(),
	}, err
}

// read fills t from a section, or from the older form of it. transformers lets the older form's defaults win over
// the section too, so the section does not count beside it.
func (t *huggingFaceTower) read(section, dict json.RawMessage, epsilon float64) error {
	if dict != nil && string(dict) != "null" {
		section = dict
	}
	if section != nil {
		if err := json.Unmarshal(section, t); err != nil {
			return err
		}
	}
	if t.Epsilon < 0.99*epsilon || t.Epsilon > 1.01*epsilon {
		return fmt.Errorf("layer_norm_eps %v is not supported, want %v", t.Epsilon, epsilon)
	}
	return nil
}

// activation finds hidden_act among some.
func (t *huggingFaceTower) activation(known ...Activation) (Activation, error) {
	for _, a := range known {
		if t.Act == a.String() {
			return a, nil
		}
	}
	return ActivationUnknown, fmt.Errorf("hidden_act %q is not supported, want %v or %v", t.Act, known[0], known[1])
}

// endOfText gives the id that marks the pooled position. Configurations from before transformers 4.31 say 2,
// which was wrong and stands for the position of the largest id.
func (t *huggingFaceTower) endOfText() (int, error) {
	var id int
	if err := json.Unmarshal(t.EndOfText, &id); err != nil || id < 1 {
		return 0, fmt.Errorf("eos_token_id %s is not supported, want one id", t.EndOfText)
	}
	if id == 2 {
		return 0, nil
	}
	return id, nil
}

// parseHuggingFacePreprocess reads what CLIPImageProcessor or SiglipImageProcessor saved.
func parseHuggingFacePreprocess(text []byte, size int, p *Preprocess) error {
	mean, std, crop := p.Mean[:], p.Std[:], !p.Squash // as is the default of the family's image processor
	f := struct {
		Mean      *[]float32 `json:"image_mean"`
		Std       *[]float32 `json:"image_std"`
		Resize    bool       `json:"do_resize"`
		Crop      bool       `json:"do_center_crop"`
		Rescale   bool       `json:"do_rescale"`
		Normalize bool       `json:"do_normalize"`
		Factor    float64    `json:"rescale_factor"`
		Resample  int        `json:"resample"`
		Size      side       `json:"size"`
		CropSize  side       `json:"crop_size"`
	}{&mean, &std, true, crop, true, true, 1. / 255, bicubic, side{pixels: 224, square: p.Squash}, side{pixels: 224}}
	if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	p.Squash = f.Size.square // {"shortest_edge": 224}, or just 224, is the shorter side
	switch {
	case !f.Resize || !f.Rescale || !f.Normalize || f.Resample != bicubic:
		return fmt.Errorf("want do_resize, do_rescale, do_normalize, and resample %d", bicubic)
	case f.Factor < 0.999/255 || f.Factor > 1.001/255:
		return fmt.Errorf("rescale_factor %v is not supported, want 1/255", f.Factor)
	case f.Size.pixels != size:
		return fmt.Errorf("size is %d, but the model's images are %d", f.Size.pixels, size)
	case f.Crop && f.CropSize.pixels != size:
		return fmt.Errorf("crop_size is %d, but the model's images are %d", f.CropSize.pixels, size)
	case !f.Crop && !p.Squash:
		return fmt.Errorf("pictures would not all be %d×%d: no do_center_crop, and size is the shorter side's", size, size)
	case len(mean) != 3 || len(std) != 3:
		return fmt.Errorf("image_mean %v, image_std %v: want 3 values each", mean, std)
	}
	p.Mean, p.Std = [3]float32(mean), [3]float32(std)
	return nil
}

// bicubic is Pillow's number for the filter.
const bicubic = 3
