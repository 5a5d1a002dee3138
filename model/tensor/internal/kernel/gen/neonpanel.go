package main

// neonTranspose writes the turning of rows into columns by blocks of 4×4.
func (o *output) neonTranspose() {
	o.function("transposeNEON", "computes dst[ldd·c + r] = src[lds·r + c] for r < 4·rows, c < 4·cols.",
		"dst []float32, ldd int, src []float32, lds int, rows int, cols int", "")
	o.arguments("dst_base", "R0", "ldd", "R1", "src_base", "R2", "lds", "R3", "rows", "R4", "cols", "R5")
	o.raw("LSL $2, R1, R1")
	o.raw("LSL $2, R3, R3")
	o.label("rows")
	o.raw("MOVD R2, R6")
	for i := range 3 {
		o.raw("ADD R3, R%d, R%d", 6+i, 7+i)
	}
	o.raw("MOVD R0, R10")
	o.raw("MOVD R5, R11")
	o.label("block")
	for i := range 4 {
		o.raw("FMOVQ.P 16(R%d), F%d", 6+i, i)
	}
	// Pairs of rows, then fours.
	for i := range 2 {
		o.raw("VTRN1 V%d.S4, V%d.S4, V%d.S4", 2*i+1, 2*i, 4+2*i)
		o.raw("VTRN2 V%d.S4, V%d.S4, V%d.S4", 2*i+1, 2*i, 5+2*i)
	}
	for i := range 2 {
		o.raw("VTRN1 V%d.D2, V%d.D2, V%d.D2", 6+i, 4+i, i)
		o.raw("VTRN2 V%d.D2, V%d.D2, V%d.D2", 6+i, 4+i, 2+i)
	}
	for i := range 4 {
		o.raw("FMOVQ F%d, (R10)", i)
		o.raw("ADD R1, R10, R10")
	}
	o.raw("SUBS $1, R11, R11")
	o.raw("BNE block")
	o.raw("ADD R3<<2, R2, R2")
	o.raw("ADD $16, R0, R0")
	o.raw("SUBS $1, R4, R4")
	o.raw("BNE rows")
	o.raw("RET")
}

// neonQuantised stores the integers in vec 0 at R5 and moves it on: as int16, clamped, or as bytes above vec 3.
func (l *lanes) neonQuantised(eight bool) {
	if eight {
		l.op("VPADDD", vec(3), vec(0), vec(0))
	}
	for q := range 4 {
		l.narrow(tempConstant+q/2, q, q%2 == 1, !eight)
	}
	if eight {
		l.narrowBytes(temp, tempConstant, tempMemory)
		l.raw("FMOVQ.P F%d, 16(R5)", temp)
		return
	}
	l.raw("VST1.P [V%d.H8, V%d.H8], 32(R5)", tempConstant, tempMemory)
}
