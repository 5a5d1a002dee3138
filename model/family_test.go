package model

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/model/checkpoint"
)

// openDrawn opens a drawn model of a family that is no vision transformer.
func openDrawn(t *testing.T, name string) (c *CLIP, pixels []float32, tokens []int32) {
	d := readDrawn(t, name)
	if strings.HasPrefix(name, "siglip") {
		d, c = openSigLIP(t, name)
	} else {
		c = openTest(t, d.write(t, openCLIPConfig, openCLIPWeights, d.weights()), Options{})
	}
	pixels, tokens = d.inputs(c, c.Config().Family != SigLIP)
	return c, pixels, tokens
}

// TestFamilyBits checks of the other families what TestSameBits and TestPrecision do of vision transformers: an embedding is
// the same bits whatever it is encoded with and however many processors there are, and the integer precisions are near.
func TestFamilyBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, name := range []string{"rn50x4", "siglip"} {
		t.Run(name, func(t *testing.T) {
			whole, pair, tokens := openDrawn(t, name)
			embed, length, size := whole.Embed(), whole.ContextLength(), 3*whole.ImageSize()*whole.ImageSize()
			n := 2*whole.vision.pictures() + 1 // more than a call of encode takes
			var pixels []float32
			for i := range n {
				pixels = append(pixels, pair[i%2*size:(i%2+1)*size]...)
				pixels[i*size+i] = 1 // no two are the same
			}
			exact := make([]float32, n*embed)
			whole.EncodeImages(exact, pixels)
			seen := map[string]bool{}
			for p, far := range map[Precision]float64{Float32: 1e-12, Int16: 1e-5, Int8: 2e-2} { // 1 - cosine
				c := whole.WithPrecision(p)
				if seen[c.Fingerprint()] {
					t.Errorf("%v has the fingerprint of another precision", p)
				}
				seen[c.Fingerprint()] = true
				runtime.GOMAXPROCS(3)
				images, texts := make([]float32, n*embed), make([]float32, 3*embed)
				c.EncodeImages(images, pixels)
				c.EncodeTexts(texts, tokens)
				checkCosines(t, p, "image", images, exact, embed, far)
				for processors := 1; processors <= 2; processors++ {
					runtime.GOMAXPROCS(processors)
					for from := 0; from < n; from += 1 + n/5 {
						for _, to := range []int{from + 1, min(from+3, n)} {
							got := make([]float32, (to-from)*embed)
							c.EncodeImages(got, pixels[from*size:to*size])
							checkBits(t, p, "image", got, images[from*embed:])
						}
					}
					for i := range 3 {
						got := make([]float32, embed)
						c.EncodeTexts(got, tokens[i*length:(i+1)*length])
						checkBits(t, p, "text", got, texts[i*embed:])
					}
				}
			}
		})
	}
}

// TestFamilyRefusals checks what is for vision transformers alone.
func TestFamilyRefusals(t *testing.T) {
	for name, family := range map[string]string{"rn50x4": "ResNet", "siglip": "SigLIP"} {
		c, _, _ := openDrawn(t, name)
		_, err := c.Learner(Frozen{})
		if want := "model " + c.Name() + ": training is for vision transformers, not for a " + family; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		err = c.Save(t.TempDir())
		if want := "save model: a " + family + " is not written, only vision transformers are"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestResNetErrors opens ResNets that are damaged.
func TestResNetErrors(t *testing.T) {
	d := readDrawn(t, "rn50x4")
	for want, change := range map[string]func(tensors){
		"tensor visual.layer2.1.bn3.running_var: a variance is -1": func(ts tensors) {
			ts.set("visual.layer2.1.bn3.running_var", []int{160}, append(make([]float32, 159), -1)...)
		},
		"tensor visual.layer2.1.bn3.running_mean [160] is missing":       func(ts tensors) { delete(ts, "visual.layer2.1.bn3.running_mean") },
		"tensor visual.layer4.1.bn1.bias [1] has no place in this model": func(ts tensors) { ts.set("visual.layer4.1.bn1.bias", []int{1}, 1) },
	} {
		ts := d.weights()
		change(ts)
		dir := d.write(t, openCLIPConfig, openCLIPWeights, ts)
		if _, err := Open(dir); err == nil || err.Error() != "model "+dir+": open_clip_model.safetensors: "+want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestArchive opens a bare checkpoint that has the numbers of OpenAI's archives, which tell its activation.
func TestArchive(t *testing.T) {
	d := readDrawn(t, "rn50")
	ts := d.weights()
	ts["num"] = checkpoint.FromFloats("visual.bn1.num_batches_tracked", nil, []float32{7})
	want := openTest(t, d.write(t, openCLIPConfig, openCLIPWeights, ts), Options{})
	ts.set("input_resolution", nil, 64)
	ts.set("context_length", nil, 9)
	dir := d.write(t, "", plainWeights, ts)
	if _, err := open(dir, Options{}); !errors.Is(err, ErrActivation) {
		t.Errorf("two of three numbers: error %v, want %v", err, ErrActivation)
	}
	ts.set("vocab_size", nil, 40)
	if c := openTest(t, d.write(t, "", plainWeights, ts), Options{}); c.Fingerprint() != want.Fingerprint() {
		t.Errorf("%+v, want %+v", c.Config(), want.Config())
	}
	if err := os.Rename(filepath.Join(dir, plainWeights), filepath.Join(dir, "RN50.pt")); err != nil {
		t.Fatal(err)
	}
	if _, err := open(dir, Options{}); err == nil {
		t.Error("a pickle is opened")
	}
}

// TestSigLIPOpen opens a SigLIP with its vocabulary, scores a picture with it, and checks what else it asks of a directory.
func TestSigLIPOpen(t *testing.T) {
	d := readDrawn(t, "siglip-huggingface")
	for i, tensor := range d.Tensors {
		if tensor.name == "text_model.embeddings.token_embedding.weight" {
			d.Tensors[i].shape[0] = 400
		}
	}
	d.Config = []byte(strings.Replace(string(d.Config), `"vocab_size": 40`, `"vocab_size": 400`, 1))
	dir := d.write(t, huggingFaceConfig, plainWeights, d.weights())
	want := "model " + dir + ": the tokenizer of a SigLIP is missing, or another's is there"
	if _, err := Open(dir); err == nil || err.Error() != want {
		t.Errorf("without a vocabulary: error %v, want %s", err, want)
	}
	link(t, "tokenizer/testdata/pieces/identity/spiece.model", filepath.Join(dir, "spiece.model"))
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	z, err := c.Classifier([]string{"cat", "dog"}, []string{"a photo of a {}"})
	if err != nil {
		t.Fatal(err)
	}
	features, tokens := make([]float32, c.Embed()), make([]int32, 2*c.ContextLength())
	c.EncodeImages(features, draw("pixels", 3*50*50))
	texts, got := make([]float32, 2*c.Embed()), make([]float32, 2)
	c.Tokenizer().Encode(tokens[:7], "a photo of a cat")
	c.Tokenizer().Encode(tokens[7:], "a photo of a dog")
	c.EncodeTexts(texts, tokens)
	z.Probabilities(got, features)
	for i, p := range got {
		text := texts[i*c.Embed() : (i+1)*c.Embed()]
		cosine := dot(features, text) / math.Sqrt(dot(features, features)*dot(text, text))
		want := 1 / (1 + math.Exp(-float64(c.LogitScale())*cosine-float64(c.LogitBias())))
		alone, ok := c.Probability(float32(cosine))
		if math.Abs(float64(p)-want) > 1e-6*want || math.Abs(float64(alone)-want) > 1e-5*want || !ok {
			t.Errorf("label %d: probability %v and %v, want %v", i, p, alone, want)
		}
	}
	if _, ok := New(small, 1).Probability(1); ok {
		t.Error("a CLIP gives a pair's probability")
	}
}

// TestSigLIPErrors opens SigLIPs whose configurations say something else.
func TestSigLIPErrors(t *testing.T) {
	for _, test := range []struct{ name, file, old, new, want string }{
		{"siglip", openCLIPConfig, `"timm_pool": "map"`, `"timm_pool": "avg"`,
			`vision_cfg: timm_model_name "siglip", timm_pool "avg", timm_proj "none" is not supported`},
		{"siglip", openCLIPConfig, `"image_size": 50`, `"image_size": 64`, "vision_cfg: image_size is 64, but siglip has 50"},
		{"siglip", openCLIPConfig, `"no_causal_mask": true, `, "",
			`text_cfg: pool_type "last", proj_type "linear", block_type "default", no_causal_mask false, proj_bias true is not SigLIP's`},
		{"siglip", openCLIPConfig, "1e-06", "1e-05", "text_cfg: norm_kwargs: eps 1e-05 is not supported, want 1e-06"},
		{"siglip2", openCLIPConfig, `"approximate": "tanh"`, `"approximate": "best"`, `text_cfg: act_kwargs: approximate "best" is not supported`},
		{"siglip", openCLIPConfig, `"embed_dim": 144`, `"embed_dim": 100`, "embed is 100, but the image tower ends in 144"},
		{"siglip-huggingface", huggingFaceConfig, `"vision_use_head": true`, `"vision_use_head": false`,
			"vision_config: num_channels 3, vision_use_head false: want 3, true"},
		{"siglip-huggingface", huggingFaceConfig, `"hidden_act": "gelu_pytorch_tanh"`, `"hidden_act": "relu"`,
			`text_config: hidden_act "relu" is not supported, want gelu or gelu_pytorch_tanh`},
	} {
		d := readDrawn(t, test.name)
		if !strings.Contains(string(d.Config), test.old) {
			t.Fatalf("%s does not contain %s", d.Config, test.old)
		}
		d.Config = []byte(strings.Replace(string(d.Config), test.old, test.new, 1))
		weights := openCLIPWeights
		if test.file == huggingFaceConfig {
			weights = plainWeights
		} else {
			nameOfTimm(t, test.name)
		}
		dir := d.write(t, test.file, weights, d.weights())
		if _, err := open(dir, Options{}); err == nil || !strings.HasSuffix(err.Error(), test.want) || !strings.HasPrefix(err.Error(), test.file) {
			t.Errorf("error %v, want %s: … %s", err, test.file, test.want)
		}
	}
	d, _ := openSigLIP(t, "siglip")
	dir := d.write(t, "", plainWeights, d.weights())
	if _, err := open(dir, Options{}); err == nil || err.Error() != "model.safetensors has timm names, which need open_clip_config.json beside them" {
		t.Errorf("without a configuration: error %v", err)
	}
}
