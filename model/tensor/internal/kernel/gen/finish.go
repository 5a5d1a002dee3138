package main

// finish writes a function that takes a tile to its place: dst = f(tile), or += with add, for rows of 32 columns. It goes
// down one half of them and then the other. columns loads what belongs to the columns of half j, which stays in registers
// from row to row, and value leaves a row's values in v0; advance moves on to what belongs to the next row.
func (l *lanes) finish(name, doc, operands string, columns, value func(j int), advance func()) {
	l.function(name+l.suffix, "computes dst = "+doc+", or += with add.", "dst []float32, stride int, "+operands+", rows int, add bool", "")
	start := func() {
		for _, p := range [][2]string{
			{"dst_base", "DI"}, {"tile_base", "AX"}, {"src_base", "AX"}, {"scale_base", "BX"}, {"zero_base", "R8"}, {"rows", "CX"},
		} {
			if _, ok := l.offsets[p[0]]; ok {
				l.load(p[0], p[1])
			}
		}
	}
	for _, p := range [][2]string{{"stride", "SI"}, {"weights_base", "DX"}, {"sums_base", "R9"}, {"bias_base", "R11"}} {
		if _, ok := l.offsets[p[0]]; ok {
			l.load(p[0], p[1])
		}
	}
	l.ins("SHLQ $2, SI")
	l.ins("MOVBLZX %s, R12", l.arg("add"))
	add := l.fresh("add")
	l.ins("TESTL R12, R12")
	l.ins("JNZ %s", add)
	for _, adding := range []bool{false, true} {
		if adding {
			l.label(add)
		}
		for j := range 2 {
			start()
			columns(j)
			loop := l.fresh("row")
			l.label(loop)
			value(j)
			if adding {
				l.op("VADDPS", mem{"DI", 64 * j}, vec(0), vec(0))
			}
			l.write(0, mem{"DI", 64 * j}, false)
			l.ins("ADDQ $%d, AX", 4*panel)
			l.ins("ADDQ SI, DI")
			advance()
			l.ins("DECQ CX")
			l.ins("JNZ %s", loop)
		}
		l.ret()
	}
}

// dequantise writes the way back from a tile's sums of int8.
func (l *lanes) dequantise() {
	const weights, sums, bias vec = 4, 5, 6
	l.finish("dequantise", "(src - zero·sums)·(scale·weights) + bias",
		"src []int32, scale []float32, zero []int32, weights []float32, sums []int32, bias []float32",
		func(j int) {
			l.read(mem{"DX", 64 * j}, weights, false)
			l.read(mem{"R9", 64 * j}, sums, false)
			l.read(mem{"R11", 64 * j}, bias, false)
		},
		func(j int) {
			l.fill("(R8)", 0)
			l.op("VPMULLD", sums, vec(0), vec(0))
			l.read(mem{"AX", 64 * j}, 1, false)
			l.op("VPSUBD", vec(0), vec(1), vec(1))
			l.op("VCVTDQ2PS", vec(1), vec(1))
			l.fill("(BX)", 2)
			l.op("VMULPS", weights, vec(2), vec(2))
			l.op("VMULPS", vec(2), vec(1), vec(0))
			l.op("VADDPS", bias, vec(0), vec(0))
		},
		func() {
			l.ins("ADDQ $4, BX")
			l.ins("ADDQ $4, R8")
		})
}

// scale writes the way back from a tile's sums of int16.
func (l *lanes) scale() {
	const weights, bias vec = 4, 6
	l.finish("scale", "tile·(scale·weights) + bias",
		"tile []float32, scale []float32, weights []float32, bias []float32",
		func(j int) {
			l.read(mem{"DX", 64 * j}, weights, false)
			l.read(mem{"R11", 64 * j}, bias, false)
		},
		func(j int) {
			l.fill("(BX)", 0)
			l.op("VMULPS", weights, vec(0), vec(0))
			l.op("VMULPS", mem{"AX", 64 * j}, vec(0), vec(0))
			l.op("VADDPS", bias, vec(0), vec(0))
		},
		func() { l.ins("ADDQ $4, BX") })
}

// addBias writes the addition of one row to all rows of a tile.
func (l *lanes) addBias() {
	const bias vec = 6
	l.finish("addBias", "tile + bias", "tile []float32, bias []float32",
		func(j int) { l.read(mem{"R11", 64 * j}, bias, false) },
		func(j int) { l.op("VADDPS", mem{"AX", 64 * j}, bias, vec(0)) },
		func() {})
}
