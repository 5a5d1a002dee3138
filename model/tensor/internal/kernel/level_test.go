package kernel

import "testing"

func TestChoose(t *testing.T) {
	if l := choose(""); l != levels[0] {
		t.Errorf("without a name: %s, want %s", l.name, levels[0].name)
	}
	for _, l := range levels {
		if got := choose(l.name); got != l {
			t.Errorf("%s is %s", l.name, got.name)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown name does not panic")
		}
	}()
	choose("mmx")
}

func TestPeak(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, p := range precisions {
			if rate := Peak(p); (rate > 0) != (active != &generic) {
				t.Errorf("%s, %v: %g operations a second", Name(), p, rate)
			}
		}
	})
}
