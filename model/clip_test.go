package model

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// small is a model of two unlike towers, of sizes that no kernel likes.
var small = Config{
	Embed:      20,
	Image:      ImageConfig{Size: 40, Patch: 5, Width: 36, Layers: 2, Heads: 2, MLP: 70},
	Text:       TextConfig{Context: 21, Vocab: 50, Width: 28, Layers: 3, Heads: 2},
	Activation: GELU,
}

// inputs draws pictures, and captions of every length.
func (c Config) inputs(n int, seed uint64) (pixels []float32, tokens []int32) {
	rng := rand.New(rand.NewPCG(seed, 0))
	pixels = make([]float32, n*3*c.Image.Size*c.Image.Size)
	for i := range pixels {
		pixels[i] = float32(rng.NormFloat64())
	}
	tokens = make([]int32, n*c.Text.Context)
	for row := range slices.Chunk(tokens, c.Text.Context) {
		end := rng.IntN(c.Text.Context)
		for i := range end {
			row[i] = rng.Int32N(int32(c.Text.Vocab - 1))
		}
		row[end] = int32(c.Text.Vocab - 1)
	}
	return pixels, tokens
}

// TestRowsAlone checks what EncodeImages and EncodeTexts promise: a row's embedding does not depend on the batch,
// nor on the number of processors, nor on what stands behind a caption's end.
func TestRowsAlone(t *testing.T) {
	const n = 40
	c := New(small, 7)
	pixels, tokens := small.inputs(n, 1)
	images, texts := make([]float32, n*c.Embed()), make([]float32, n*c.Embed())
	c.EncodeImages(images, pixels)
	c.EncodeTexts(texts, tokens)
	for row := range slices.Chunk(tokens, c.ContextLength()) {
		end := slices.Index(row, int32(small.Text.Vocab-1))
		for i := range row[end+1:] {
			row[end+1+i] = 3
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for procs := 1; procs <= 3; procs++ {
		runtime.GOMAXPROCS(procs)
		for rows := 1; rows <= n; rows += 1 + rows/3 {
			image, txt := make([]float32, rows*c.Embed()), make([]float32, rows*c.Embed())
			c.EncodeImages(image, pixels[:len(pixels)/n*rows])
			c.EncodeTexts(txt, tokens[:len(tokens)/n*rows])
			if !slices.Equal(image, images[:len(image)]) || !slices.Equal(txt, texts[:len(txt)]) {
				t.Fatalf("%d rows on %d processors give other values than %d", rows, procs, n)
			}
		}
	}
}

func TestConcurrent(t *testing.T) {
	c := New(small, 7)
	pixels, tokens := small.inputs(8, 1)
	images, texts := make([]float32, 8*c.Embed()), make([]float32, 8*c.Embed())
	c.EncodeImages(images, pixels)
	c.EncodeTexts(texts, tokens)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			image, txt := make([]float32, len(images)), make([]float32, len(texts))
			for range 5 {
				c.EncodeImages(image, pixels)
				c.EncodeTexts(txt, tokens)
				if !slices.Equal(image, images) || !slices.Equal(txt, texts) {
					t.Error("side by side gives other values")
				}
			}
		})
	}
	group.Wait()
}

func TestEncodeNothing(t *testing.T) {
	c := New(small, 7)
	c.EncodeImages(nil, nil)
	c.EncodeTexts(nil, nil)
}

func TestEncodePanics(t *testing.T) {
	c := New(small, 7)
	pixels, tokens := small.inputs(2, 1)
	dst := make([]float32, 2*c.Embed())
	large, negative := slices.Clone(tokens), slices.Clone(tokens)
	large[21+3], negative[0] = int32(small.Text.Vocab), -1
	for want, call := range map[string]func(){
		"model: 9599 pixel values to 40 of embeddings, want 4800 to 20 a picture": func() { c.EncodeImages(dst, pixels[1:]) },
		"model: 9600 pixel values to 39 of embeddings, want 4800 to 20 a picture": func() { c.EncodeImages(dst[1:], pixels) },
		"model: 42 tokens to 20 values of embeddings, want 21 to 20 a caption":    func() { c.EncodeTexts(dst[:20], tokens) },
		"model: row 1: token 3 is 50, outside the vocabulary of 50":               func() { c.EncodeTexts(dst, large) },
		"model: row 0: token 0 is -1, outside the vocabulary of 50":               func() { c.EncodeTexts(dst, negative) },
	} {
		func() {
			defer func() {
				if r := recover(); r != want {
					t.Errorf("panic %v, want %s", r, want)
				}
			}()
			call()
		}()
	}
}

// TestPresets compares with the numbers of parameters that open_clip's models have, statistics of batches included.
func TestPresets(t *testing.T) {
	for name, want := range map[string]int{
		"ViT-B-32":     151_277_313,
		"ViT-B-16":     149_620_737,
		"ViT-L-14":     427_616_513,
		"ViT-L-14-336": 427_944_193,
		"RN50":         102_060_385,
		"RN101":        119_793_505,
		"RN50x4":       178_410_361,
		"RN50x16":      291_173_137,
		"RN50x64":      623_668_929,
		"ViT-S-32":     63_085_825,
		"ViT-H-14":     986_109_441,
		"ViT-g-14":     1_366_678_273,
	} {
		cfg, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got := 0
		for _, p := range cfg.parameters() {
			got += p.size()
		}
		if got != want {
			t.Errorf("%s has %d parameters, want %d", name, got, want)
		}
	}
	if _, err := Preset("ViT-B-31"); err == nil {
		t.Error("ViT-B-31 is known")
	}
}

// TestInit compares each tensor's spread with a fresh open_clip model's; testdata/make_init.py says how.
func TestInit(t *testing.T) {
	text, err := os.ReadFile("testdata/init.json")
	if err != nil {
		t.Fatal(err)
	}
	var theirs map[string][2]float64
	if err := json.Unmarshal(text, &theirs); err != nil {
		t.Fatal(err)
	}
	c := New(Config{
		Embed:      96,
		Image:      ImageConfig{Size: 32, Patch: 8, Width: 128, Layers: 2, Heads: 2},
		Text:       TextConfig{Context: 20, Vocab: 300, Width: 64, Layers: 3, Heads: 1},
		Activation: GELU,
	}, 1)
	if len(theirs) != len(c.parameters) {
		t.Fatalf("%d tensors, want %d", len(c.parameters), len(theirs))
	}
	for i, p := range c.parameters {
		want, ok := theirs[p.name]
		if !ok {
			t.Errorf("%s is not one of open_clip's", p.name)
			continue
		}
		n, sum, squares := float64(p.size()), 0.0, 0.0
		for _, v := range c.values[i] {
			sum += float64(v)
		}
		for _, v := range c.values[i] {
			squares += (float64(v) - sum/n) * (float64(v) - sum/n)
		}
		mean, std := sum/n, math.Sqrt(squares/n)
		// Six standard errors: of a mean std/√n, of a deviation at most std/√(2n).
		if math.Abs(mean-want[0]) > 6*want[1]/math.Sqrt(n)+1e-5 || math.Abs(std-want[1]) > 6*want[1]/math.Sqrt(2*n)+1e-5 {
			t.Errorf("%s: mean %.5f, deviation %.5f; want %.5f, %.5f", p.name, mean, std, want[0], want[1])
		}
	}
}

func TestNew(t *testing.T) {
	a, b, other := New(small, 1), New(small, 1), New(small, 2)
	if a.Fingerprint() != b.Fingerprint() {
		t.Error("the same seed gives another model")
	}
	if a.Fingerprint() == other.Fingerprint() {
		t.Error("another seed gives the same model")
	}
	if math.Abs(float64(a.LogitScale())-1/0.07) > 1e-5 {
		t.Errorf("logit scale %v, want %v", a.LogitScale(), 1/0.07)
	}
	if a.Trained() || a.Name() != "untrained" {
		t.Errorf("a new model is called %s and trained: %v", a.Name(), a.Trained())
	}
}

func TestTiny(t *testing.T) {
	c := Tiny()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if c != Tiny() || c.Parameters() == 0 {
		t.Error("Tiny is not what it was, after Close")
	}
	if c.ImageSize() != 224 || c.ContextLength() != 77 || c.Embed() != 512 || c.Config().Text.Vocab != 49408 || c.Name() != "tiny" {
		t.Errorf("%s: %+v", c.Name(), c.Config())
	}
}

func TestSave(t *testing.T) {
	quick, squashed := small, small
	quick.Activation, quick.Text.EndOfText = QuickGELU, 40
	squashed.Preprocess = Preprocess{Mean: [3]float32{0.5, 0.4, 0.3}, Std: [3]float32{0.1, 0.2, 0.3}, Squash: true}
	for _, cfg := range []Config{small, quick, squashed} {
		dir, want := t.TempDir(), New(cfg, 3)
		for range 2 { // the second time over the first
			if err := want.Save(dir); err != nil {
				t.Fatal(err)
			}
		}
		got := openTest(t, dir, Options{})
		if got.Config() != want.Config() || got.Fingerprint() != want.Fingerprint() || got.Parameters() != want.Parameters() {
			t.Errorf("%+v came back as %+v", want.Config(), got.Config())
		}
		if !got.Trained() {
			t.Error("an opened model is not trained")
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
			t.Errorf("files %v, %v", entries, err)
		}
	}
}

// TestRatio checks the numbers that do not come back from a plain division, as open_clip reads them.
func TestRatio(t *testing.T) {
	for width := 1; width < 3000; width += 7 {
		for mlp := 1; mlp < 5*width; mlp += 1 + width/9 {
			if r := ratio(mlp, width); int(float64(width)*r) != mlp {
				t.Fatalf("width %d: ratio %v makes %d, want %d", width, r, int(float64(width)*r), mlp)
			}
		}
	}
}

// TestFingerprint changes everything that decides an embedding.
func TestFingerprint(t *testing.T) {
	seen := map[string]bool{New(small, 1).Fingerprint(): true}
	for i, change := range []func(*Config){
		func(c *Config) { c.Activation = QuickGELU },
		func(c *Config) { c.Image.Heads = 3 },
		func(c *Config) { c.Text.Heads = 1 },
		func(c *Config) { c.Text.EndOfText = 9 },
		func(c *Config) { c.Preprocess = Preprocess{Std: [3]float32{1, 1, 1}} },
		func(c *Config) { c.Preprocess = OpenAIPreprocess(); c.Preprocess.Squash = true },
	} {
		cfg := small
		change(&cfg)
		f := New(cfg, 1).Fingerprint()
		if seen[f] {
			t.Errorf("change %d does not show in the fingerprint", i)
		}
		seen[f] = true
	}
}
