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
	var products, others, training output
	for _, t := range tiles {
		t.emit(&products)
		t.peak(&products, "peak"+t.name[len("tile"):])
	}
	wide, narrow := lanes{wide: true, suffix: "AVX512"}, lanes{suffix: "AVX2"}
	for _, l := range []lanes{wide, narrow} {
		l.output = &others
		l.inference()
	}
	others.transpose()
	others.prefetch()
	others.data()
	for _, l := range []lanes{wide, narrow} {
		l.output = &training
		l.training()
	}
	training.data()

	var neonProducts output
	neonOthers, neonTraining := output{arm: true}, output{arm: true}
	for _, t := range neonTiles {
		t.emit(&neonProducts)
		t.peak(&neonProducts, "peak"+t.name[len("tile"):])
	}
	l := lanes{output: &neonOthers, suffix: "NEON"}
	l.inference()
	neonOthers.neonTranspose()
	neonOthers.data()
	l = lanes{output: &neonTraining, suffix: "NEON"}
	l.training()
	neonTraining.data()
	const include = "#include \"textflag.h\"\n"
	return map[string]string{
		"tile_amd64.s":  header + include + products.text.String(),
		"lanes_amd64.s": header + include + others.text.String(),
		"train_amd64.s": header + include + training.text.String(),
		"stubs_amd64.go": header + "package kernel\n" +
			products.stubs.String() + others.stubs.String() + training.stubs.String(),
		"tile_arm64.s":  header + include + neonProducts.text.String(),
		"lanes_arm64.s": header + include + settle(neonOthers.text.String()),
		"train_arm64.s": header + include + settle(neonTraining.text.String()),
		"stubs_arm64.go": header + "package kernel\n" +
			neonProducts.stubs.String() + neonOthers.stubs.String() + neonTraining.stubs.String(),
	}
}

// inference writes what computes embeddings, beside products.
func (l *lanes) inference() {
	l.activations()
	l.layerNorm()
	l.softmax()
	l.extent()
	l.quantise(false)
	if l.wide || l.arm {
		l.quantise(true)
	}
	l.scale()
	l.dequantise()
	l.addBias()
	l.store()
	l.gather()
	l.add()
}

// training writes what else there is to training.
func (l *lanes) training() {
	l.addPair()
	l.maxima()
	l.addExp()
	l.shares()
	l.softplus()
	l.logistic()
	l.derivatives()
	l.adamW()
}
