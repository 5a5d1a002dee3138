package model

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/pairstream/pairstream/model/checkpoint"
)

// openDrawn opens a drawn model of a family that is no vision transformer.
func openDrawn(t *testing.T, name string) (c *CLIP, pixels []float32, tokens []int32) {
	d := readDrawn(t, name)
	c = openTest(t, d.write(t, openCLIPConfig, openCLIPWeights, d.weights()), Options{})
	pixels, tokens = d.inputs(c, true)
	return c, pixels, tokens
}

// TestFamilyBits checks of the other families what TestSameBits and TestPrecision do of vision transformers: an embedding is
// the same bits whatever it is encoded with and however many processors there are, and the integer precisions are near.
func TestFamilyBits(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, name := range []string{"rn50x4"} {
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
	for name, family := range map[string]string{"rn50x4": "ResNet"} {
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
