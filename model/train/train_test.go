package train

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/optim"
)

// taught is the model of ../testdata/make_train.py.
var taught = model.Config{
	Embed:      12,
	Image:      model.ImageConfig{Size: 12, Patch: 4, Width: 20, Layers: 2, Heads: 2},
	Text:       model.TextConfig{Context: 9, Vocab: 30, Width: 16, Layers: 2, Heads: 2},
	Activation: model.QuickGELU,
}

var options = Options{
	Options: optim.Options{Decay: 0.2},
	Rate:    optim.Cosine{Peak: 1e-2, Warmup: 3, Steps: 12},
}

// newTaught makes a trainer with the golden weights, and gives the golden batch.
func newTaught(t *testing.T, o Options) (trainer *Trainer, pixels []float32, tokens []int32) {
	t.Helper()
	trainer, err := New(model.New(taught, 1), o)
	if err != nil {
		t.Fatal(err)
	}
	f, err := checkpoint.Open("../testdata/train/quick_gelu.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	values := func(name string) []float32 {
		tensor, _ := f.Tensor(name)
		v, err := tensor.Floats()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, p := range trainer.learner.Parameters() {
		copy(p.Value, values(p.Name))
	}
	trainer.learner.Update()
	for _, id := range values("tokens") {
		tokens = append(tokens, int32(id))
	}
	return trainer, values("pixels"), tokens
}

func must(t *testing.T) func(Metrics, error) Metrics {
	return func(m Metrics, err error) Metrics {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}

// TestTenSteps follows PyTorch's ten losses, with activations of the whole batch and of two pairs at a time.
func TestTenSteps(t *testing.T) {
	text, err := os.ReadFile("../testdata/train/steps.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]float64
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for name, clip := range map[string]float64{"plain": 0, "clipped": 1} {
		for _, chunk := range []int{0, 2} {
			o := options
			o.Clip, o.Chunk = clip, chunk
			trainer, pixels, tokens := newTaught(t, o)
			worst := 0.0
			for i, w := range want[name] {
				m := must(t)(trainer.Step(pixels, tokens))
				worst = max(worst, math.Abs(m.Loss-w))
				if math.Abs(m.Loss-w) > 1e-4 || m.Step != i+1 {
					t.Errorf("%s, chunk %d: loss of step %d is %.6f, want %.6f", name, chunk, m.Step, m.Loss, w)
				}
			}
			t.Logf("%s, chunk %d: ten losses, max difference %.2g", name, chunk, worst)
		}
	}
}

// batch draws pairs for taught.
func batch(rng *rand.Rand, n int) (pixels []float32, tokens []int32) {
	pixels, tokens = make([]float32, n*3*12*12), make([]int32, n*9)
	for i := range pixels {
		pixels[i] = float32(rng.NormFloat64())
	}
	for row := range slices.Chunk(tokens, 9) {
		end := 1 + rng.IntN(8)
		for i := range end {
			row[i] = 1 + rng.Int32N(28)
		}
		row[end] = 29
	}
	return pixels, tokens
}

// TestResume breaks off in the middle, with the state of the random numbers among the notes, and compares the bits of
// all weights with those of a run without a break and on another number of processors.
func TestResume(t *testing.T) {
	for name, o := range map[string]Options{
		"whole":   options,
		"chunked": {Options: options.Options, Rate: options.Rate, Chunk: 5, Clip: 0.5},
		"partly":  {Options: options.Options, Rate: options.Rate, Frozen: model.Frozen{Image: true, Layers: 1}},
		"frozen":  {Options: options.Options, Rate: options.Rate, Frozen: model.Frozen{Text: true}, Chunk: 4},
	} {
		t.Run(name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
			path := filepath.Join(t.TempDir(), "state.safetensors")
			source := rand.NewPCG(1, 2)
			straight, _, _ := newTaught(t, o)
			for step := range 6 {
				if step == 3 {
					state, err := source.MarshalBinary()
					if err != nil {
						t.Fatal(err)
					}
					if err := straight.Save(path, map[string]string{"random": hex.EncodeToString(state)}); err != nil {
						t.Fatal(err)
					}
				}
				must(t)(straight.Step(batch(rand.New(source), 12)))
			}

			runtime.GOMAXPROCS(1)
			resumed, err := New(model.New(taught, 99), o)
			if err != nil {
				t.Fatal(err)
			}
			notes, err := resumed.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			state, err := hex.DecodeString(notes["random"])
			if err != nil || len(notes) != 1 {
				t.Fatalf("notes %v, %v", notes, err)
			}
			if err := source.UnmarshalBinary(state); err != nil {
				t.Fatal(err)
			}
			for resumed.Steps() < 6 {
				must(t)(resumed.Step(batch(rand.New(source), 12)))
			}
			if got, want := resumed.Model().Fingerprint(), straight.Model().Fingerprint(); got != want {
				t.Errorf("resumed training ends with %s, and without a break with %s", got, want)
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.safetensors")
	saved, _, _ := newTaught(t, options)
	if err := saved.Save(path, nil); err != nil {
		t.Fatal(err)
	}
	other := taught
	other.Image.Layers = 1
	faster := options
	faster.Rate.Peak = 1
	weights := filepath.Join(dir, "weights.safetensors")
	if err := checkpoint.Replace(weights, func(w io.Writer) error { return checkpoint.Write(w, nil, map[string]string{"a": "b"}) }); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path  string
		model model.Config
		Options
		want string
	}{
		{filepath.Join(dir, "none"), taught, options, "no such file"},
		{weights, taught, options, `train.step is "", want a number of steps`},
		{path, taught, faster, "saved with Rate map[Peak:0.01"},
		{path, other, options, "tensors, want"},
	} {
		trainer, err := New(model.New(test.model, 1), test.Options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trainer.Load(test.path); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want one with %q", err, test.want)
		}
	}
	if err := saved.Save(path, map[string]string{"train.step": "7"}); err == nil {
		t.Error("a note takes the name of the trainer's own: no error")
	}
}

func TestStepErrors(t *testing.T) {
	trainer, pixels, tokens := newTaught(t, options)
	before := trainer.Model().Fingerprint()
	if _, err := trainer.Step(pixels[1:], tokens); err == nil {
		t.Error("a pixel is missing: no error")
	}
	if _, err := trainer.Step(nil, nil); err == nil {
		t.Error("no pairs: no error")
	}
	broken := slices.Clone(pixels)
	broken[0] = float32(math.NaN())
	if _, err := trainer.Step(broken, tokens); !errors.Is(err, ErrDiverged) || !strings.HasPrefix(err.Error(), "train: the loss of step 1 is NaN") {
		t.Errorf("error %v of a NaN", err)
	}
	if trainer.Model().Fingerprint() != before || trainer.Steps() != 0 {
		t.Error("a step that is an error changes the model")
	}
	for _, o := range []Options{{}, {Rate: options.Rate, Chunk: -1}, {Rate: options.Rate, Frozen: model.Frozen{Image: true, Layers: 3}}} {
		if _, err := New(model.New(taught, 1), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

// TestBrokenStateIsNotSaved keeps the state before it, too.
func TestBrokenStateIsNotSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.safetensors")
	trainer, _, _ := newTaught(t, options)
	if err := trainer.Save(path, map[string]string{"a": "b"}); err != nil {
		t.Fatal(err)
	}
	trainer.learner.Parameters()[1].Value[0] = float32(math.Inf(1))
	if err := trainer.Save(path, nil); !errors.Is(err, ErrDiverged) {
		t.Errorf("error %v of an infinite weight", err)
	}
	if notes, err := Notes(path); err != nil || notes["a"] != "b" || len(notes) != 1 {
		t.Errorf("notes %v, %v: want those saved before", notes, err)
	}
}

// TestDistinct trains on pairs each of which comes twice: with Distinct they are not held against each other, so that the
// loss is less.
func TestDistinct(t *testing.T) {
	_, pixels, tokens := newTaught(t, options)
	pixels, tokens = append(pixels, pixels...), append(tokens, tokens...)
	losses := map[bool]float64{}
	for _, distinct := range []bool{false, true} {
		o := options
		o.Distinct = distinct
		trainer, _, _ := newTaught(t, o)
		m := must(t)(trainer.Step(pixels, tokens))
		if want := len(tokens) / 9 / 2; m.Duplicates != want {
			t.Errorf("%d duplicates, want %d", m.Duplicates, want)
		}
		losses[distinct] = m.Loss
	}
	if losses[true] >= losses[false] {
		t.Errorf("loss %.3f with all pairings, %.3f without those of the same caption", losses[false], losses[true])
	}
}

// TestObserve goes through what is said of training.
func TestObserve(t *testing.T) {
	chance := math.Log(128)
	for want, epochs := range map[string][]Epoch{
		"as by chance (ln 128 = 4.85)":                      {{Loss: chance}},
		"stuck at chance (ln 128 = 4.85)":                   {{Loss: chance}, {Loss: chance - 0.01}},
		"worse than chance":                                 {{Loss: 4}, {Loss: 6}},
		"diverged":                                          {{Loss: math.NaN()}},
		"a batch of 8 leaves little":                        {{Loss: 2, Pairs: 8}},
		"20 % of the captions are in their batch before":    {{Loss: 3, Duplicates: 0.2}},
		"logit_scale is at its clamp of 100":                {{Loss: 3}, {Loss: 1, LogitScale: 100}},
		"learns fast":                                       {{Loss: 4}, {Loss: 3}},
		"learns by heart: the loss of held-out pairs rises": {{Loss: 2, HeldLoss: 2}, {Loss: 1, HeldLoss: 2.2}},
		"hardly changes":                                    {{Loss: 1}, {Loss: 0.99}},
		"the loss rises":                                    {{Loss: 1}, {Loss: 1.5}},
	} {
		for i := range epochs {
			if epochs[i].Pairs == 0 {
				epochs[i].Pairs = 128
			}
		}
		if got := Observe(epochs); !strings.HasPrefix(got, want) {
			t.Errorf("%+v: %q, want %q", epochs, got, want)
		}
	}
}

// TestScaleStaysInside drives logit_scale against its clamp.
func TestScaleStaysInside(t *testing.T) {
	trainer, pixels, tokens := newTaught(t, Options{Rate: optim.Cosine{Peak: 10, Steps: 2}})
	must(t)(trainer.Step(pixels, tokens))
	if got := trainer.logitScale.Value[0]; got != 0 && got != maxLogitScale {
		t.Errorf("logit_scale is %v after a step of 10, want it at an end of its range", got)
	}
}

// TestEvaluate compares with ranks counted by hand, and looks at a model that knows nothing.
func TestEvaluate(t *testing.T) {
	// Image 0 is nearest to its caption; 1 to caption 0; 2 has two captions alike, and the lower index wins.
	images := []float32{2, 0, 1, 0.5, 0, 3}
	texts := []float32{1, 0, 0, 4, 0, 1}
	e, err := EvaluateEmbeddings(images, texts, 2, 10)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Retrieval{Recall1: 1. / 3, Recall5: 1, Recall10: 1, MeanRank: 5. / 3, MedianRank: 2}); !near(e.ImageToText, want) {
		t.Errorf("image to text %+v, want %+v", e.ImageToText, want)
	}
	if want := (Retrieval{Recall1: 2. / 3, Recall5: 1, Recall10: 1, MeanRank: 4. / 3, MedianRank: 1}); !near(e.TextToImage, want) {
		t.Errorf("text to image %+v, want %+v", e.TextToImage, want)
	}
	pixels, tokens := batch(rand.New(rand.NewPCG(1, 1)), 100)
	if e, err = Evaluate(model.New(taught, 1), pixels, tokens); err != nil {
		t.Fatal(err)
	}
	if e.Pairs != 100 || e.Loss < 4 || e.ImageToText.MeanRank < 30 || e.ImageToText.MeanRank > 70 {
		t.Errorf("of an untrained model: %+v", e)
	}
}

func near(a, b Retrieval) bool {
	return max(math.Abs(a.Recall1-b.Recall1), math.Abs(a.Recall5-b.Recall5), math.Abs(a.Recall10-b.Recall10),
		math.Abs(a.MeanRank-b.MeanRank), math.Abs(a.MedianRank-b.MedianRank)) < 1e-9
}
