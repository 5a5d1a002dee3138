package model

import (
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/pairstream/pairstream/loss"
	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/tensor"
)

// taught is the model that testdata/make_train.py makes.
var taught = Config{
	Embed: 12,
	Image: ImageConfig{Size: 12, Patch: 4, Width: 20, Layers: 2, Heads: 2},
	Text:  TextConfig{Context: 9, Vocab: 30, Width: 16, Layers: 2, Heads: 2},
}

// openTaught gives the model, the batch, and all that PyTorch computed.
func openTaught(t *testing.T, name string, act Activation) (l *Learner, pixels []float32, tokens []int32, golden func(string) []float32) {
	t.Helper()
	f, err := checkpoint.Open(filepath.Join("testdata/train", name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	golden = func(name string) []float32 {
		tensor, ok := f.Tensor(name)
		if !ok {
			t.Fatalf("no %s", name)
		}
		values, err := tensor.Floats()
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
	cfg := taught
	cfg.Activation = act
	c := New(cfg, 1)
	for i, p := range c.parameters {
		copy(c.values[i], golden(p.name))
	}
	for _, id := range golden("tokens") {
		tokens = append(tokens, int32(id))
	}
	return newLearner(t, c, Frozen{}), golden("pixels"), tokens, golden
}

func newLearner(t *testing.T, c *CLIP, frozen Frozen) *Learner {
	t.Helper()
	l, err := c.Learner(frozen)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// step computes the loss and all gradients.
func step(t *testing.T, l *Learner, pixels []float32, tokens []int32) float64 {
	t.Helper()
	c, d := l.CLIP(), l.CLIP().Embed()
	n := len(tokens) / c.ContextLength()
	images, texts := make([]float32, n*d), make([]float32, n*d)
	l.RecordImages(images, pixels)
	l.RecordTexts(texts, tokens)
	units := [2][]float32{slices.Clone(images), slices.Clone(texts)}
	tensor.Normalize(units[0], images, d)
	tensor.Normalize(units[1], texts, d)
	var contrastive loss.Contrastive
	m, err := contrastive.Forward(units[0], units[1], d, c.LogitScale())
	if err != nil {
		t.Fatal(err)
	}
	dimages, dtexts := make([]float32, n*d), make([]float32, n*d)
	dscale, err := contrastive.Backward(dimages, dtexts)
	if err != nil {
		t.Fatal(err)
	}
	tensor.NormalizeBackward(dimages, dimages, images, d)
	tensor.NormalizeBackward(dtexts, dtexts, texts, d)
	l.Parameters()[0].Gradient[0] += float32(dscale)
	l.BackwardImages(dimages)
	l.BackwardTexts(dtexts)
	return m.Loss
}

// TestGradientsGolden compares every gradient with PyTorch's for open_clip's CLIP. Both add up some hundred
// float32 products on the way: 1e-5 of the tensor's largest value.
func TestGradientsGolden(t *testing.T) {
	for name, act := range map[string]Activation{"quick_gelu": QuickGELU, "gelu": GELU} {
		t.Run(name, func(t *testing.T) {
			l, pixels, tokens, golden := openTaught(t, name, act)
			got := step(t, l, pixels, tokens)
			if want := float64(golden("loss")[0]); math.Abs(got-want) > 1e-6 {
				t.Errorf("loss %.8f, want %.8f", got, want)
			}
			for _, p := range l.Parameters() {
				worst, largest := 0.0, 0.0
				for i, w := range golden("grad." + p.Name) {
					worst = max(worst, math.Abs(float64(p.Gradient[i]-w)))
					largest = max(largest, math.Abs(float64(w)))
				}
				t.Logf("%-50s largest %.2e, max difference %.2e", p.Name, largest, worst)
				if !(worst <= 1e-5*max(largest, 1e-2)) || largest == 0 {
					t.Errorf("%s: max difference %.2g, of values up to %.2g", p.Name, worst, largest)
				}
			}
		})
	}
}

// TestGradientSlopes compares with central differences of the loss along every tensor's own gradient.
func TestGradientSlopes(t *testing.T) {
	for name, act := range map[string]Activation{"quick_gelu": QuickGELU, "gelu": GELU} {
		t.Run(name, func(t *testing.T) { testSlopes(t, name, act) })
	}
}

func testSlopes(t *testing.T, name string, act Activation) {
	l, pixels, tokens, _ := openTaught(t, name, act)
	step(t, l, pixels, tokens)
	var gradients [][]float32
	for _, p := range l.Parameters() {
		gradients = append(gradients, slices.Clone(p.Gradient))
	}
	for k, p := range l.Parameters() {
		var square float64
		for _, g := range gradients[k] {
			square += float64(g) * float64(g)
		}
		if square < 1e-6 { // the key's bias, which no softmax sees, is far from alone in its tensor
			t.Errorf("%s: gradient of length %g", p.Name, math.Sqrt(square))
			continue
		}
		at := func(h float64) float64 {
			old := slices.Clone(p.Value)
			for i, g := range gradients[k] {
				p.Value[i] += float32(h * float64(g) / math.Sqrt(square))
			}
			l.Update()
			defer l.Update()
			defer copy(p.Value, old)
			return step(t, l, pixels, tokens)
		}
		const h = 2e-3
		slope, want := (at(h)-at(-h))/(2*h), math.Sqrt(square)
		if math.Abs(slope-want) > 2e-3*max(1, want) {
			t.Errorf("%s: slope %.5f, gradient %.5f", p.Name, slope, want)
		}
	}
}

// TestRecordIsEncode checks that training sees the embeddings that inference computes, up to the rounding of sums in
// another order, and that gradients do not depend on the number of processors, nor on what was recorded before. The
// second model's products are large enough to be split among processors.
func TestRecordIsEncode(t *testing.T) {
	medium := Config{
		Embed:      64,
		Image:      ImageConfig{Size: 56, Patch: 8, Width: 128, Layers: 2, Heads: 2},
		Text:       TextConfig{Context: 20, Vocab: 500, Width: 64, Layers: 2, Heads: 2},
		Activation: QuickGELU,
	}
	for name, cfg := range map[string]Config{"small": small, "medium": medium} {
		t.Run(name, func(t *testing.T) { testRecord(t, cfg, 12) })
	}
}

func testRecord(t *testing.T, cfg Config, n int) {
	pixels, tokens := cfg.inputs(n, 1)
	c := New(cfg, 7)
	images, texts := make([]float32, n*c.Embed()), make([]float32, n*c.Embed())
	c.EncodeImages(images, pixels)
	c.EncodeTexts(texts, tokens)
	l := newLearner(t, c, Frozen{})
	gotImages, gotTexts := make([]float32, len(images)), make([]float32, len(texts))
	l.RecordImages(gotImages, pixels)
	l.RecordTexts(gotTexts, tokens)
	for i, want := range slices.Concat(images, texts) {
		if got := slices.Concat(gotImages, gotTexts)[i]; math.Abs(float64(got-want)) > 1e-5 {
			t.Fatalf("value %d of the recorded embeddings is %v, of the encoded ones %v", i, got, want)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var first [][]float32
	for procs := 1; procs <= 3; procs++ {
		runtime.GOMAXPROCS(procs)
		l.ZeroGradients()
		step(t, l, pixels, tokens)
		for i, p := range l.Parameters() {
			if procs == 1 {
				first = append(first, slices.Clone(p.Gradient))
			} else if !slices.Equal(p.Gradient, first[i]) {
				t.Errorf("%d processors: the gradient of %s has other bits", procs, p.Name)
			}
		}
		l.RecordImages(gotImages[:3*c.Embed()], pixels[:len(pixels)/n*3])
		l.RecordTexts(gotTexts[:3*c.Embed()], tokens[:3*c.ContextLength()])
	}
}

// TestFrozen checks that what learns has the gradients that it has where all learn, and the rest none.
func TestFrozen(t *testing.T) {
	pixels, tokens := small.inputs(5, 1)
	c := New(small, 7)
	all := newLearner(t, c, Frozen{})
	step(t, all, pixels, tokens)
	for _, test := range []struct {
		Frozen
		learn int // tensors
	}{
		{Frozen{Image: true}, 1 + 3*12 + 5},
		{Frozen{Image: true, Layers: 1}, 1 + 12 + 3 + 3*12 + 5},
		{Frozen{Text: true}, 1 + 2*12 + 8},
		{Frozen{Text: true, Layers: 2}, 1 + 2*12 + 8 + 2*12 + 3},
		{Frozen{Image: true, Text: true}, 1},
	} {
		l := newLearner(t, c, test.Frozen)
		step(t, l, pixels, tokens)
		learn := 0
		for i, p := range l.Parameters() {
			if p.Gradient == nil {
				continue
			}
			learn++
			worst, largest := 0.0, 0.0
			for k, want := range all.Parameters()[i].Gradient {
				worst = max(worst, math.Abs(float64(p.Gradient[k]-want)))
				largest = max(largest, math.Abs(float64(want)))
			}
			if worst > 1e-4*largest { // a frozen tower is encoded, and so rounded otherwise
				t.Errorf("%+v: the gradient of %s differs by %g, of values up to %g", test.Frozen, p.Name, worst, largest)
			}
		}
		if learn != test.learn {
			t.Errorf("%+v: %d tensors learn, want %d", test.Frozen, learn, test.learn)
		}
	}
	for _, f := range []Frozen{{Image: true, Layers: 2}, {Text: true, Layers: -1}} {
		if _, err := c.Learner(f); err == nil {
			t.Errorf("%+v: no error", f)
		}
	}
}

// TestSnapshot checks that a copy stays as it is when its learner goes on.
func TestSnapshot(t *testing.T) {
	c := New(small, 7)
	l := newLearner(t, c, Frozen{})
	before := l.Snapshot()
	l.Parameters()[1].Value[0]++
	l.Update()
	after := l.Snapshot()
	if before.Fingerprint() != c.Fingerprint() || after.Fingerprint() == before.Fingerprint() || !after.Trained() {
		t.Errorf("fingerprints %s, %s and %s", c.Fingerprint(), before.Fingerprint(), after.Fingerprint())
	}
}
