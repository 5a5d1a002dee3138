package kernel

import (
	"fmt"
	"testing"
)

func TestChooseLevel(t *testing.T) {
	name := func(l *Level) string {
		if l == nil {
			return "generic"
		}
		return l.Name
	}
	if l := choose("generic"); l != nil {
		t.Errorf("generic chose %s", l.Name)
	}
	for _, l := range Levels {
		if got := choose(l.Name); got != l {
			t.Errorf("%s chose %s", l.Name, name(got))
		}
	}
	if got := name(choose("avx512")); got == "avx512vnni" {
		t.Error("avx512 chose avx512vnni")
	}
	defer func() {
		if got, want := fmt.Sprint(recover()), `pixels: PAIRSTREAM_KERNEL is "sse", want one of [avx512vnni avx512 avx2 generic]`; got != want {
			t.Errorf("panics with %s, want %s", got, want)
		}
	}()
	choose("sse")
}
