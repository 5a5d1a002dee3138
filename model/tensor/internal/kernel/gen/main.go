// Gen writes the assembly of package kernel and its Go declarations into the current directory.
package main

import (
	"fmt"
	"os"
)

func main() {
	for name, text := range generate() {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// generate returns the files by their names.
func generate() map[string]string {
	var products, others output
	for _, t := range tiles {
		t.emit(&products)
		t.peak(&products, "peak"+t.name[len("tile"):])
	}
	for _, wide := range []bool{true, false} {
		l := lanes{output: &others, wide: wide, suffix: map[bool]string{true: "AVX512", false: "AVX2"}[wide]}
		l.activations()
		l.layerNorm()
		l.softmax()
		l.extent()
		l.quantise(false)
		if wide {
			l.quantise(true)
		}
		l.scale()
		l.dequantise()
		l.addBias()
		l.store()
		l.gather()
		l.add()
	}
	others.transpose()
	others.prefetch()
	others.data()
	var training output
	for _, wide := range []bool{true, false} {
		l := lanes{output: &training, wide: wide, suffix: map[bool]string{true: "AVX512", false: "AVX2"}[wide]}
		l.addPair()
		l.maxima()
		l.addExp()
		l.shares()
		l.softplus()
		l.logistic()
		l.derivatives()
		l.adamW()
	}
	training.data()
	const include = "#include \"textflag.h\"\n"
	return map[string]string{
		"tile_amd64.s":  header + include + products.text.String(),
		"lanes_amd64.s": header + include + others.text.String(),
		"train_amd64.s": header + include + training.text.String(),
		"stubs_amd64.go": header + "package kernel\n" +
			products.stubs.String() + others.stubs.String() + training.stubs.String(),
	}
}
