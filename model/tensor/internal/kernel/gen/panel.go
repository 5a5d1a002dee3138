package main

// store writes the way of a tile into its place in a matrix.
func (l *lanes) store() {
	l.function("store"+l.suffix, "computes dst = alpha·tile + beta·dst on cols columns; with a beta of 0 it does not read dst.",
		"dst []float32, stride int, tile []float32, rows int, cols int, alpha float32, beta float32", "")
	l.load("dst_base", "DI", "stride", "SI", "tile_base", "AX", "rows", "BX", "cols", "CX")
	l.ins("SHLQ $2, SI")
	l.fill(l.arg("alpha"), 5)
	l.fill(l.arg("beta"), 6)
	l.ins("MOVL %s, DX", l.arg("beta"))
	l.ins("ADDL DX, DX") // -0 is 0 too
	narrow, partial := l.fresh("narrow"), l.fresh("partial")
	l.ins("CMPQ CX, $16")
	l.ins("JLE %s", narrow)
	l.ins("CMPQ CX, $%d", panel)
	l.ins("JLT %s", partial)
	l.storeRows([]bool{false, false})
	l.label(partial)
	l.ins("SUBQ $16, CX")
	l.mask()
	l.storeRows([]bool{false, true})
	l.label(narrow)
	l.mask()
	l.storeRows([]bool{true})
}

// storeRows writes the loops over the rows of a tile that has as many vectors as masked, and returns from the function.
func (l *lanes) storeRows(masked []bool) {
	add := l.fresh("add")
	l.ins("TESTL DX, DX")
	l.ins("JNZ %s", add)
	for _, adding := range []bool{false, true} {
		if adding {
			l.label(add)
		}
		loop := l.fresh("row")
		l.label(loop)
		for j, tail := range masked {
			l.op("VMULPS", mem{"AX", 64 * j}, vec(5), vec(0))
			if adding {
				l.read(mem{"DI", 64 * j}, 1, tail)
				l.op("VFMADD231PS", vec(1), vec(6), vec(0))
			}
			l.write(0, mem{"DI", 64 * j}, tail)
		}
		l.ins("ADDQ $%d, AX", 4*panel)
		l.ins("ADDQ SI, DI")
		l.ins("DECQ BX")
		l.ins("JNZ %s", loop)
		l.ret()
	}
}

// add writes the sum of two vectors.
func (l *lanes) add() {
	l.function("add"+l.suffix, "computes y += x.", "y []float32, x []float32", "")
	l.load("y_base", "DI", "x_base", "AX", "x_len", "CX")
	l.each([]string{"AX", "DI"}, func(tail bool) {
		l.read(mem{"AX", 0}, 0, tail)
		l.read(mem{"DI", 0}, 1, tail)
		l.op("VADDPS", vec(0), vec(1), vec(1))
		l.write(1, mem{"DI", 0}, tail)
	})
	l.ret()
}

// transpose writes the turning of rows into columns by blocks of 8×8 in 256-bit registers.
func (o *output) transpose() {
	o.function("transposeAVX2", "computes dst[ldd·c + r] = src[lds·r + c] for r < 8·rows, c < 8·cols.",
		"dst []float32, ldd int, src []float32, lds int, rows int, cols int", "")
	o.load("dst_base", "DI", "ldd", "R12", "src_base", "SI", "lds", "R8", "rows", "BX", "cols", "R11")
	o.ins("SHLQ $2, R8")
	o.ins("SHLQ $2, R12")
	o.ins("LEAQ (R8)(R8*2), R9")
	o.ins("LEAQ (R12)(R12*2), R13")
	o.label("rows")
	o.ins("MOVQ SI, AX")
	o.ins("MOVQ DI, R10")
	o.ins("MOVQ R11, CX")
	o.label("block")
	o.ins("LEAQ (AX)(R8*4), DX")
	four := func(base, one, three string) [4]string {
		return [4]string{"(" + base + ")", "(" + base + ")(" + one + "*1)", "(" + base + ")(" + one + "*2)", "(" + base + ")(" + three + "*1)"}
	}
	for i := range 8 {
		o.ins("VMOVUPS %s, Y%d", four([]string{"AX", "DX"}[i/4], "R8", "R9")[i%4], i)
	}
	// Pairs of rows, then fours, then the two halves of each eight.
	for i := range 4 {
		o.ins("VUNPCKLPS Y%d, Y%d, Y%d", 2*i+1, 2*i, 8+2*i)
		o.ins("VUNPCKHPS Y%d, Y%d, Y%d", 2*i+1, 2*i, 9+2*i)
	}
	for i := range 2 {
		for j := range 2 {
			lo, hi := 8+4*i+j, 10+4*i+j
			o.ins("VSHUFPS $0x44, Y%d, Y%d, Y%d", hi, lo, 4*i+2*j)
			o.ins("VSHUFPS $0xee, Y%d, Y%d, Y%d", hi, lo, 4*i+2*j+1)
		}
	}
	for i := range 4 {
		o.ins("VPERM2F128 $0x20, Y%d, Y%d, Y%d", 4+i, i, 8+i)
		o.ins("VPERM2F128 $0x31, Y%d, Y%d, Y%d", 4+i, i, 12+i)
	}
	o.ins("LEAQ (R10)(R12*4), DX")
	for i := range 8 {
		o.ins("VMOVUPS Y%d, %s", 8+i, four([]string{"R10", "DX"}[i/4], "R12", "R13")[i%4])
	}
	o.ins("ADDQ $32, AX")
	o.ins("LEAQ (R10)(R12*8), R10")
	o.ins("DECQ CX")
	o.ins("JNZ block")
	o.ins("LEAQ (SI)(R8*8), SI")
	o.ins("ADDQ $32, DI")
	o.ins("DECQ BX")
	o.ins("JNZ rows")
	o.ret()
}

// prefetch writes the request for the lines that a tile will go to.
func (o *output) prefetch() {
	o.function("prefetchLines", "brings 32 columns of rows into the cache.", "dst []float32, stride int, rows int", "")
	o.load("dst_base", "DI", "stride", "SI", "rows", "CX")
	o.ins("SHLQ $2, SI")
	o.label("row")
	o.ins("PREFETCHT0 (DI)")
	o.ins("PREFETCHT0 64(DI)")
	o.ins("ADDQ SI, DI")
	o.ins("DECQ CX")
	o.ins("JNZ row")
	o.ins("RET")
}

// gather writes the copying of 32 columns into a panel.
func (l *lanes) gather() {
	l.function("gather"+l.suffix, "computes dst[32·r + c] = src[stride·r + c] for r < rows, c < 32.",
		"dst []float32, src []float32, stride int, rows int", "")
	l.load("dst_base", "DI", "src_base", "SI", "stride", "R8", "rows", "CX")
	l.ins("SHLQ $2, R8")
	loop := l.fresh("row")
	l.label(loop)
	for j := range vec(2) {
		l.read(mem{"SI", 64 * int(j)}, j, false)
	}
	for j := range vec(2) {
		l.write(j, mem{"DI", 64 * int(j)}, false)
	}
	l.ins("ADDQ R8, SI")
	l.ins("ADDQ $%d, DI", 4*panel)
	l.ins("DECQ CX")
	l.ins("JNZ %s", loop)
	l.ret()
}
