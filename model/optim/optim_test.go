package optim

import (
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/pairstream/pairstream/model"
)

func TestDecays(t *testing.T) {
	for _, test := range []struct {
		name  string
		shape []int
		want  bool
	}{
		{"logit_scale", nil, false},
		{"visual.class_embedding", []int{8}, false},
		{"visual.positional_embedding", []int{5, 8}, true},
		{"visual.conv1.weight", []int{8, 3, 2, 2}, true},
		{"visual.ln_pre.weight", []int{8}, false},
		{"transformer.resblocks.0.attn.in_proj_weight", []int{24, 8}, true},
		{"transformer.resblocks.0.attn.in_proj_bias", []int{24}, false},
		{"token_embedding.weight", []int{30, 8}, true},
	} {
		if got := Decays(test.name, test.shape); got != test.want {
			t.Errorf("%s %v decays: %t", test.name, test.shape, got)
		}
	}
}

func TestCosine(t *testing.T) {
	c := Cosine{Peak: 8, Warmup: 4, Steps: 12}
	for step, want := range map[int]float64{0: 2, 3: 8, 4: 8, 8: 4, 10: 4 * (1 - math.Sqrt(0.5)), 12: 0, 99: 0} {
		if got := c.Rate(step); math.Abs(got-want) > 1e-12 {
			t.Errorf("rate of step %d is %g, want %g", step, got, want)
		}
	}
}

// parameters are one that decays, one that does not, one that is exempt, and one that is frozen.
func parameters(n int) []model.Parameter {
	list := []model.Parameter{{Name: "matrix", Shape: []int{n, 1}}, {Name: "bias", Shape: []int{n}}, {Name: "exempt", Shape: []int{n, 1}}, {Name: "frozen", Shape: []int{n, 1}}}
	for i := range list {
		p := &list[i]
		p.Value, p.Gradient = make([]float32, n), make([]float32, n)
		for k := range n {
			p.Value[k], p.Gradient[k] = 2, float32(k%5)-2
		}
	}
	list[3].Gradient = nil
	return list
}

func TestStep(t *testing.T) {
	list := parameters(5)
	a := NewAdamW(list, Options{Decay: 0.5, Exempt: []string{"exempt"}})
	a.Step(0.1)
	// The first step goes by the rate against the gradient's sign, but for epsilon.
	for i, want := range []float32{2.1 - 0.1, 2.1, 2.1, 2} {
		if got := list[i].Value[0]; math.Abs(float64(got-want)) > 1e-6 {
			t.Errorf("%s becomes %v, want %v", list[i].Name, got, want)
		}
	}
	if list[2].Value[2] != 2 {
		t.Errorf("what does not decay and has no gradient becomes %v", list[2].Value[2])
	}
}

func TestClip(t *testing.T) {
	list := parameters(5) // three gradients of length √10
	a := NewAdamW(list, Options{})
	if got := a.Clip(100); math.Abs(got-math.Sqrt(30)) > 1e-9 || list[0].Gradient[0] != -2 {
		t.Errorf("length %g, first %v", got, list[0].Gradient[0])
	}
	a.Clip(1)
	if got := a.Clip(1); math.Abs(got-1) > 1e-6 {
		t.Errorf("clipped to 1 the length is %g", got)
	}
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var first []float32
	for procs := 1; procs <= 3; procs++ {
		runtime.GOMAXPROCS(procs)
		list := parameters(3*block + 7)
		a := NewAdamW(list, Options{Decay: 0.1})
		for range 3 {
			a.Clip(1)
			a.Step(0.01)
		}
		if procs == 1 {
			first = list[0].Value
		} else if !slices.Equal(first, list[0].Value) {
			t.Errorf("%d processors give other bits", procs)
		}
	}
}
