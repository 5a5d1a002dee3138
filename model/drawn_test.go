package model

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/model/checkpoint"
)

// drawn is a model whose weights are drawn from the names of its tensors, with what the real packages compute with it;
// testdata/make_drawn.py says how.
type drawn struct {
	Config  json.RawMessage
	Image   [][]float32
	Text    [][]float32
	Tensors []drawnTensor
}

type drawnTensor struct {
	name         string
	shape        []int
	base, spread float32
}

func (d *drawnTensor) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&d.name, &d.shape, &d.base, &d.spread})
}

// draw gives n values in [-1, 1), by a hash of the name (FNV-1a) and of the index (splitmix64).
func draw(name string, n int) []float32 {
	h := fnv.New64a()
	h.Write([]byte(name))
	state, values := h.Sum64(), make([]float32, n)
	for i := range values {
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		values[i] = float32(z>>40)/(1<<23) - 1
	}
	return values
}

func readDrawn(t *testing.T, name string) *drawn {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/drawn", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	d := new(drawn)
	if err := json.Unmarshal(text, d); err != nil {
		t.Fatal(err)
	}
	return d
}

// weights draws the checkpoint.
func (d *drawn) weights() tensors {
	ts := make(tensors)
	for _, tensor := range d.Tensors {
		n := 1
		for _, side := range tensor.shape {
			n *= side
		}
		values := draw(tensor.name, n)
		for i, v := range values {
			values[i] = tensor.base + float32(tensor.spread*v)
		}
		ts.set(tensor.name, tensor.shape, values...)
	}
	return ts
}

// write makes a model's directory; with no name for the configuration, without one.
func (d *drawn) write(t *testing.T, config, weights string, ts tensors) string {
	t.Helper()
	dir := t.TempDir()
	if config != "" {
		write(t, filepath.Join(dir, config), d.Config)
	}
	var list []checkpoint.Tensor
	for _, tensor := range ts {
		list = append(list, tensor)
	}
	var buf bytes.Buffer
	if err := checkpoint.Write(&buf, list, nil); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, weights), buf.Bytes())
	return dir
}

// inputs draws two pictures, and three captions, which end where ends says.
func (d *drawn) inputs(c *CLIP, ends bool) (pixels []float32, tokens []int32) {
	pixels = draw("pixels", 2*3*c.ImageSize()*c.ImageSize())
	for i := range pixels {
		pixels[i] *= 2
	}
	context, vocab := c.ContextLength(), c.Config().Text.Vocab
	for _, v := range draw("tokens", 3*context) {
		tokens = append(tokens, int32((v+1)/2*float32(vocab-3))+2)
	}
	if ends {
		for i, length := range []int{context, 3, context / 2} {
			row := tokens[i*context : (i+1)*context]
			row[length-1] = int32(vocab - 1)
			clear(row[length:])
		}
	}
	return pixels, tokens
}

func flat(rows [][]float32) (values []float32) {
	for _, row := range rows {
		values = append(values, row...)
	}
	return values
}

// check compares embeddings.
func (d *drawn) check(t *testing.T, c *CLIP, ends bool) {
	t.Helper()
	pixels, tokens := d.inputs(c, ends)
	images, texts := make([]float32, 2*c.Embed()), make([]float32, 3*c.Embed())
	c.EncodeImages(images, pixels)
	c.EncodeTexts(texts, tokens)
	compare(t, "image", images, flat(d.Image), c.Embed())
	compare(t, "text", texts, flat(d.Text), c.Embed())
}

// TestShapes compares models of the published shapes with what open_clip computes.
func TestShapes(t *testing.T) {
	for _, name := range []string{
		"vit-b-32", "vit-b-16", "vit-l-14", "vit-l-14-336", "vit-h-14", "vit-h-14-378", "vit-g-14",
		"rn50", "rn101", "rn50x4", "rn50x64",
	} {
		t.Run(name, func(t *testing.T) {
			d := readDrawn(t, name)
			c := openTest(t, d.write(t, openCLIPConfig, openCLIPWeights, d.weights()), Options{})
			d.check(t, c, true)
			if !strings.HasPrefix(name, "rn") {
				return
			}
			bare := openTest(t, d.write(t, "", plainWeights, d.weights()), Options{Activation: c.Config().Activation})
			if bare.Fingerprint() != c.Fingerprint() {
				t.Errorf("without a configuration: %+v, want %+v", bare.Config(), c.Config())
			}
		})
	}
}

// TestSigLIP compares SigLIPs in both layouts with what open_clip, with timm, and transformers compute.
func TestSigLIP(t *testing.T) {
	for _, name := range []string{"siglip", "siglip2", "siglip-huggingface"} {
		t.Run(name, func(t *testing.T) {
			d, c := openSigLIP(t, name)
			d.check(t, c, false)
			if cfg := c.Config(); cfg.Family != SigLIP || !cfg.Sigmoid || cfg.Preprocess != SigLIPPreprocess() {
				t.Errorf("%+v", cfg)
			}
			for _, tensor := range d.Tensors {
				if tensor.name != "logit_bias" {
					continue
				}
				if want := tensor.base + tensor.spread*draw("logit_bias", 1)[0]; c.LogitBias() != want {
					t.Errorf("logit bias %v, want %v", c.LogitBias(), want)
				}
			}
		})
	}
}

// openSigLIP opens a drawn SigLIP. Those of open_clip's layout have small image towers that timm has no name for.
func openSigLIP(t *testing.T, name string) (*drawn, *CLIP) {
	t.Helper()
	d := readDrawn(t, name)
	if name == "siglip-huggingface" {
		return d, openTest(t, d.write(t, huggingFaceConfig, plainWeights, d.weights()), Options{})
	}
	nameOfTimm(t, name)
	return d, openTest(t, d.write(t, openCLIPConfig, openCLIPWeights, d.weights()), Options{})
}

// nameOfTimm gives a small image tower a name, while a test runs.
func nameOfTimm(t *testing.T, name string) {
	base := timmSigLIPs["vit_base_patch16_siglip_224"]
	base.image = ImageConfig{Size: 50, Patch: 16, Width: 144, Layers: 2, Heads: 2, MLP: 538}
	timmSigLIPs[name] = base
	t.Cleanup(func() { delete(timmSigLIPs, name) })
}
