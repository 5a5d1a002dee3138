package loss

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/sbinet/npyio"

	"github.com/pairstream/pairstream/internal/testshared"
)

func TestAgainstFullMatrix(t *testing.T) {
	for _, c := range []struct{ n, d int }{
		{1, 64}, {2, 64}, {3, 1}, {10, 127}, {T - 1, 64}, {T, 33}, {T + 1, 257}, {3*T + 8, 16}, {1030, 257},
	} {
		for _, noise := range []float64{0.1, 1, 5} {
			images, texts := pairs(c.n, c.d, noise, 1)
			for _, scale := range []float32{1, 1 / 0.07, 100} {
				againstFullMatrix(t, fmt.Sprintf("N=%d D=%d noise=%g scale=%g", c.n, c.d, noise, scale), images, texts, c.d, scale)
			}
		}
	}
}

// TestCrowdedVectors has cosines around 0.9 at a scale of 100, whose logits float32 rounds by up to 4e-6, and sums of 512
// products by more; and so few of them that errors do not cancel.
func TestCrowdedVectors(t *testing.T) {
	const d = 512
	for n := 2; n <= 9; n++ {
		for seed := range uint64(20) {
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			images, texts := make([]float32, n*d), make([]float32, n*d)
			x := make([]float64, d)
			for i := range n {
				for _, v := range [][]float32{images, texts} {
					for k := range x {
						x[k] = 1 + 0.3*r.NormFloat64()
					}
					normalize(v[i*d:], x)
				}
			}
			againstFullMatrix(t, fmt.Sprintf("N=%d seed %d", n, seed), images, texts, d, 100)
		}
	}
}

func againstFullMatrix(t *testing.T, name string, images, texts []float32, d int, scale float32) {
	t.Helper()
	want := reference(float64s(images), float64s(texts), d, math.Log(float64(scale)), nil)
	var c Contrastive
	got, err := c.Forward(images, texts, d, scale)
	if err != nil {
		t.Fatal(err)
	}
	near(t, name+" loss", got.Loss, want.Loss, 1e-6*max(1, want.Loss))
	near(t, name+" image to text", got.ImageToText, want.ImageToText, 1e-9)
	near(t, name+" text to image", got.TextToImage, want.TextToImage, 1e-9)
}

// goldenCase is what PyTorch computed in float64.
type goldenCase struct {
	D             int
	Scale, Bias   float32
	Images, Texts []float32
	Loss          float64
	ImageToText   float64 `json:"image_to_text"`
	TextToImage   float64 `json:"text_to_image"`
	DImages       []float64
	DTexts        []float64
	DLogitScale   float64 `json:"dlogit_scale"`
	DLogitBias    float64 `json:"dlogit_bias"`
}

func TestAgainstPyTorch(t *testing.T) {
	againstPyTorch(t, "testdata/golden.json", func(goldenCase) Loss { return new(Contrastive) })
}

func againstPyTorch(t *testing.T, path string, make func(goldenCase) Loss) {
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(file, &cases); err != nil {
		t.Fatal(err)
	}
	for _, want := range cases {
		t.Run(fmt.Sprintf("N=%d", len(want.Images)/want.D), func(t *testing.T) {
			l := make(want)
			got, err := l.Forward(want.Images, want.Texts, want.D, want.Scale)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "loss", got.Loss, want.Loss, 1e-6*max(1, want.Loss))
			near(t, "image to text", got.ImageToText, want.ImageToText, 1e-9)
			near(t, "text to image", got.TextToImage, want.TextToImage, 1e-9)

			dimages, dtexts := slices.Clone(want.Images), slices.Clone(want.Texts)
			dlogitScale, err := l.Backward(dimages, dtexts)
			if err != nil {
				t.Fatal(err)
			}
			// float32 keeps 1e-7 of a gradient, and they are up to scale/N times a probability.
			tolerance := 1e-6 * float64(want.Scale)
			di, dt := maxDiff(dimages, want.DImages), maxDiff(dtexts, want.DTexts)
			t.Logf("largest difference: images %.2g, texts %.2g, logit_scale %.2g",
				di, dt, math.Abs(dlogitScale-want.DLogitScale))
			near(t, "dimages", di, 0, tolerance)
			near(t, "dtexts", dt, 0, tolerance)
			near(t, "dlogit_scale", dlogitScale, want.DLogitScale, tolerance)
			if s, ok := l.(*Sigmoid); ok {
				near(t, "dlogit_bias", s.BiasGradient, want.DLogitBias, 1e-6*max(1, math.Abs(want.DLogitBias)))
			}
		})
	}
}

func TestAgainstOriginal(t *testing.T) {
	dir := filepath.Join(testshared.Dir(t), "reference", "tiny-openai")
	var want struct {
		Loss       float64
		Accuracy   float64
		LogitScale float32 `json:"logit_scale"`
	}
	file, err := os.ReadFile(filepath.Join(dir, "loss.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, &want); err != nil {
		t.Fatal(err)
	}
	var c Contrastive
	images, texts := readNPY(t, dir, "image_embeddings.npy"), readNPY(t, dir, "text_embeddings.npy")
	fromVectors, err := c.Forward(images, texts, 64, want.LogitScale)
	if err != nil {
		t.Fatal(err)
	}
	fromLogits, err := FromLogits(readNPY(t, dir, "logits.npy"), 6)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]Metrics{"vectors": fromVectors, "logits": fromLogits} {
		near(t, "loss from "+name, got.Loss, want.Loss, 1e-6)
		near(t, "accuracy from "+name, got.ImageToText, want.Accuracy, 1e-6)
	}
}

func readNPY(t *testing.T, dir, name string) (v []float32) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := npyio.Read(f, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	const n, d = 5*T + 7, 96
	images, texts := pairs(n, d, 1, 3)
	type result struct {
		Metrics
		dlogitScale     float64
		dimages, dtexts []float32
	}
	for name, l := range losses(n) {
		run := func(threads int) result {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
			r := result{dimages: make([]float32, n*d), dtexts: make([]float32, n*d)}
			var err error
			if r.Metrics, err = l.Forward(images, texts, d, 50); err != nil {
				t.Fatal(err)
			}
			if r.dlogitScale, err = l.Backward(r.dimages, r.dtexts); err != nil {
				t.Fatal(err)
			}
			return r
		}
		one := run(1)
		for _, threads := range []int{2, 5} {
			many := run(threads)
			if one.Metrics != many.Metrics || one.dlogitScale != many.dlogitScale ||
				!slices.Equal(one.dimages, many.dimages) || !slices.Equal(one.dtexts, many.dtexts) {
				t.Errorf("%s: %d threads give other bits than one: %+v, %+v", name, threads, many.Metrics, one.Metrics)
			}
		}
	}
}

// TestOneValueManyUses takes a large window first and a small one after it.
func TestOneValueManyUses(t *testing.T) {
	var used, fresh Contrastive
	large, _ := pairs(2*T, 8, 1, 4)
	if _, err := used.Forward(large, large, 8, 10); err != nil {
		t.Fatal(err)
	}
	images, texts := pairs(9, 3, 1, 4)
	var got [2]Metrics
	var grad [2][]float32
	for i, c := range []*Contrastive{&used, &fresh} {
		got[i], _ = c.Forward(images, texts, 3, 10)
		grad[i] = slices.Repeat([]float32{7}, len(images))
		if _, err := c.Backward(grad[i], make([]float32, len(images))); err != nil {
			t.Fatal(err)
		}
	}
	if got[0] != got[1] || !slices.Equal(grad[0], grad[1]) {
		t.Errorf("used %+v, fresh %+v", got[0], got[1])
	}
}

func TestTiesGoToTheLowerIndex(t *testing.T) {
	// The same pair twice, once in a full tile and once in the last, narrow one.
	const n, d, first, second = T + 3, 48, 5, T + 1
	images, texts := pairs(n, d, 0, 5)
	copy(images[second*d:(second+1)*d], images[first*d:])
	copy(texts[second*d:(second+1)*d], texts[first*d:])
	var c Contrastive
	got, err := c.Forward(images, texts, d, 100)
	if err != nil {
		t.Fatal(err)
	}
	want := float64(n-1) / n
	if got.ImageToText != want || got.TextToImage != want {
		t.Errorf("accuracies %g and %g, want %g: only the second of two equals is wrong", got.ImageToText, got.TextToImage, want)
	}
}

func TestNaNShows(t *testing.T) {
	nan := float32(math.NaN())
	images, texts := pairs(T+1, 4, 0, 6)
	images[4*T] = nan // the last image, alone in its block of rows
	var c Contrastive
	got, err := c.Forward(images, texts, 4, 10)
	if err != nil || !math.IsNaN(got.Loss) {
		t.Errorf("loss %g, %v, want NaN", got.Loss, err)
	}
	if got.ImageToText != float64(T)/(T+1) || got.TextToImage != 0 {
		t.Errorf("accuracies %g and %g, want all images but the last, and no caption", got.ImageToText, got.TextToImage)
	}
	dimages := make([]float32, len(images))
	if _, err := c.Backward(dimages, make([]float32, len(texts))); err != nil || dimages[0] == dimages[0] {
		t.Errorf("gradient %g, %v, want NaN", dimages[0], err)
	}
}

func TestFromLogits(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		name   string
		logits []float32
		want   Metrics
	}{
		{"one", []float32{-3}, Metrics{1, 0, 1, 1}},
		{"right", []float32{200, 0, 0, 200}, Metrics{2, 0, 1, 1}},
		{"knows nothing", make([]float32, 100), Metrics{10, math.Log(10), 0.1, 0.1}},
		{"one wrong each way", []float32{2, 0, 3, 1}, Metrics{2, (3 + 2*math.Log1p(math.Exp(-2)) + 2*math.Log1p(math.Exp(-1))) / 4, 0.5, 0.5}},
		{"a pair left out", []float32{0, -inf, 0, 0}, Metrics{2, math.Ln2 / 2, 0.5, 1}},
	} {
		n := c.want.Pairs
		got, err := FromLogits(c.logits, n)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		near(t, c.name, got.Loss, c.want.Loss, 2e-7)
		if got.Pairs != n || got.ImageToText != c.want.ImageToText || got.TextToImage != c.want.TextToImage {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestSizes(t *testing.T) {
	var c Contrastive
	for _, s := range []struct{ images, texts, d int }{{0, 0, 4}, {4, 4, 0}, {4, 4, -1}, {8, 4, 4}, {6, 6, 4}} {
		if _, err := c.Forward(make([]float32, s.images), make([]float32, s.texts), s.d, 1); err == nil {
			t.Errorf("Forward of %+v: no error", s)
		}
	}
	for _, s := range []struct{ logits, n int }{{0, 0}, {4, -2}, {6, 2}, {6, 3}, {1, 2}} {
		if _, err := FromLogits(make([]float32, s.logits), s.n); err == nil {
			t.Errorf("FromLogits of %+v: no error", s)
		}
	}
	images, texts := pairs(3, 4, 1, 7)
	if _, err := c.Forward(images, texts, 4, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Backward(make([]float32, 12), make([]float32, 8)); err == nil {
		t.Error("Backward into a gradient too small: no error")
	}
	for _, scale := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := c.Forward(images, texts, 4, float32(scale)); err == nil {
			t.Errorf("Forward at a scale of %g: no error", scale)
		}
	}
	c.Same = []int32{1, 2}
	if _, err := c.Forward(images, texts, 4, 1); err == nil {
		t.Error("Forward with too few numbers of what is the same: no error")
	}
}
