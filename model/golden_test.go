package model

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/pairstream/pairstream/internal/testshared"
	"github.com/sbinet/npyio"
)

// TestGolden compares with what open_clip and transformers compute; testdata/make_golden.py says how.
func TestGolden(t *testing.T) {
	const golden = "testdata/golden"
	for _, name := range []string{
		"openclip",
		"openclip-f16-quickgelu",
		"openclip-bf16-customtext",
		"huggingface",
		"huggingface-bf16-gelu-sharded",
	} {
		t.Run(name, func(t *testing.T) {
			compareDir(t, filepath.Join(golden, name), golden)
		})
	}
}

// TestFullSize does the same with models of full size, where make_golden.py --full has put them.
func TestFullSize(t *testing.T) {
	dir := os.Getenv("PAIRSTREAM_FULL_MODELS")
	if dir == "" {
		t.Skip("PAIRSTREAM_FULL_MODELS does not say where models of full size are")
	}
	models, err := filepath.Glob(filepath.Join(dir, "*", "image.npy"))
	if err != nil || len(models) == 0 {
		t.Fatalf("no models: %v", err)
	}
	for _, image := range models {
		model := filepath.Dir(image)
		t.Run(filepath.Base(model), func(t *testing.T) {
			inputs := dir
			if _, err := os.Stat(filepath.Join(model, "pixels.npy")); err == nil {
				inputs = model
			}
			compareDir(t, model, inputs)
		})
	}
}

func compareDir(t *testing.T, dir, inputs string) {
	c := openTest(t, dir, Options{})
	pixels := readFloats(t, filepath.Join(inputs, "pixels.npy"))
	images := make([]float32, len(pixels)/(3*c.ImageSize()*c.ImageSize())*c.Embed())
	c.EncodeImages(images, pixels)
	compare(t, "image", images, readFloats(t, filepath.Join(dir, "image.npy")), c.Embed())

	tokens := readTokens(t, filepath.Join(inputs, "tokens.npy"))
	texts := make([]float32, len(tokens)/c.ContextLength()*c.Embed())
	c.EncodeTexts(texts, tokens)
	compare(t, "text", texts, readFloats(t, filepath.Join(dir, "text.npy")), c.Embed())
}

// TestReference compares with the original implementation, with and without a configuration beside the weights.
func TestReference(t *testing.T) {
	dir := filepath.Join(testshared.Dir(t), "reference", "tiny-openai")
	bare := t.TempDir()
	link(t, filepath.Join(dir, "model", plainWeights), filepath.Join(bare, plainWeights))
	for name, c := range map[string]*CLIP{
		"configured": openTest(t, filepath.Join(dir, "model"), Options{}),
		"bare":       openTest(t, bare, Options{Activation: QuickGELU}),
	} {
		t.Run(name, func(t *testing.T) {
			images := make([]float32, 6*c.Embed())
			c.EncodeImages(images, readFloats(t, filepath.Join(dir, "pixels.npy")))
			texts := make([]float32, 6*c.Embed())
			c.EncodeTexts(texts, readTokens(t, filepath.Join(dir, "tokens.npy")))
			unit(images, c.Embed())
			unit(texts, c.Embed())
			compare(t, "image", images, readFloats(t, filepath.Join(dir, "image_embeddings.npy")), c.Embed())
			compare(t, "text", texts, readFloats(t, filepath.Join(dir, "text_embeddings.npy")), c.Embed())

			want := readFloats(t, filepath.Join(dir, "logits.npy"))
			var worst float64
			for i := range 6 {
				for j := range 6 {
					var dot float64
					for k := range c.Embed() {
						dot += float64(images[i*c.Embed()+k]) * float64(texts[j*c.Embed()+k])
					}
					worst = max(worst, math.Abs(float64(c.LogitScale())*dot-float64(want[6*i+j])))
				}
			}
			t.Logf("logits: max difference %.2g", worst)
			if worst > 1e-5 {
				t.Errorf("logits differ by %g", worst)
			}
		})
	}
}

// compare checks rows of embeddings against the reference's. Both are sums of float32 products in some order of
// their own: 1e-5 of the row's length is a hundred roundings.
func compare(t *testing.T, what string, got, want []float32, width int) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	least, worst := 1.0, 0.0
	for r := 0; r < len(got); r += width {
		var dot, a, b, diff float64
		for i := r; i < r+width; i++ {
			g, w := float64(got[i]), float64(want[i])
			dot, a, b, diff = dot+g*w, a+g*g, b+w*w, max(diff, math.Abs(g-w))
		}
		least, worst = min(least, dot/math.Sqrt(a*b)), max(worst, diff/math.Sqrt(b))
	}
	t.Logf("%s: 1 - cosine at most %.2g, max difference %.2g of the row's length", what, 1-least, worst)
	if !(least >= 0.99999) || !(worst <= 1e-5) {
		t.Errorf("%s: cosine %v, difference %g", what, least, worst)
	}
}

func openTest(t *testing.T, dir string, options Options) *CLIP {
	t.Helper()
	c, err := open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func unit(rows []float32, width int) {
	for ; len(rows) > 0; rows = rows[width:] {
		var sum float64
		for _, v := range rows[:width] {
			sum += float64(v) * float64(v)
		}
		for i := range width {
			rows[i] = float32(float64(rows[i]) / math.Sqrt(sum))
		}
	}
}

func link(t *testing.T, from, to string) {
	t.Helper()
	from, err := filepath.Abs(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(from, to); err != nil {
		t.Fatal(err)
	}
}

func readFloats(t *testing.T, path string) (values []float32) {
	t.Helper()
	readNPY(t, path, &values)
	return values
}

func readTokens(t *testing.T, path string) []int32 {
	t.Helper()
	var wide []int64
	readNPY(t, path, &wide)
	tokens := make([]int32, len(wide))
	for i, id := range wide {
		tokens[i] = int32(id)
	}
	return tokens
}

func readNPY(t *testing.T, path string, values any) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := npyio.Read(f, values); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
