package main

import "fmt"

// A tile is the innermost product: a few rows of A times one panel of 32 columns of B, all of it in registers.
//
//	C (m, 32) = A (m, steps) · B (steps, 32), or += with add
//
// A step takes four bytes of each row of A: one float32, two int16, or four uint8. B holds the same step of its 32
// columns side by side. Every element of C is one chain of operations in the order of the steps, whatever m is. Where C
// is float32 and the others are integers, the exact sum is rounded once, and then added.
type tile struct {
	name    string
	rows    int // the largest m
	wide    bool
	a, b, c string // Go types of the elements
	width   int    // bytes of B for each column and step
	// broadcast fills a register with a step of a row of A; read loads a register with a step of columns of B.
	broadcast, read string
	// multiply adds row times columns to acc. It may write to scratch, and to row when last is set.
	multiply func(o *output, row, columns, acc, scratch string, last bool)
}

const (
	panel  = 32 // columns
	unroll = 4  // steps
	// ahead is how far B is asked for, into the second cache: beyond the end of a page, where the processor's own prefetching
	// stops. The first cache has too few requests at a time for weights that come from memory: asking there is up to a
	// fifth slower.
	ahead = 6144
)

func fusedFloat32(o *output, row, columns, acc, _ string, _ bool) {
	o.ins("VFMADD231PS %s, %s, %s", row, columns, acc)
}

func fusedInt16(o *output, row, columns, acc, _ string, _ bool) {
	o.ins("VPDPWSSD %s, %s, %s", row, columns, acc)
}

// fusedInt8 has the unsigned operand, which is the row, in the middle.
func fusedInt8(o *output, row, columns, acc, _ string, _ bool) {
	o.ins("VPDPBUSD %s, %s, %s", columns, row, acc)
}

func pairwise(o *output, row, columns, acc, scratch string, last bool) {
	if last {
		scratch = row
	}
	o.ins("VPMADDWD %s, %s, %s", row, columns, scratch)
	o.ins("VPADDD %s, %[2]s, %[2]s", scratch, acc)
}

var tiles = []tile{
	{"tileFloat32AVX512", 14, true, "float32", "float32", "float32", 4, "VBROADCASTSS", "VMOVUPS", fusedFloat32},
	{"tileInt16VNNI", 14, true, "int16", "int16", "float32", 4, "VPBROADCASTD", "VMOVUPS", fusedInt16},
	{"tileQuadsVNNI", 14, true, "uint8", "int8", "int32", 4, "VPBROADCASTD", "VMOVUPS", fusedInt8},
	{"tileInt16AVX512", 12, true, "int16", "int16", "float32", 4, "VPBROADCASTD", "VMOVUPS", pairwise},
	{"tileInt8AVX512", 12, true, "int16", "int8", "int32", 2, "VPBROADCASTD", "VPMOVSXBW", pairwise},
	{"tileFloat32AVX2", 6, false, "float32", "float32", "float32", 4, "VBROADCASTSS", "VMOVUPS", fusedFloat32},
	{"tileInt16AVX2", 6, false, "int16", "int16", "float32", 4, "VPBROADCASTD", "VMOVUPS", pairwise},
	{"tileInt8AVX2", 6, false, "int16", "int8", "int32", 2, "VPBROADCASTD", "VPMOVSXBW", pairwise},
}

func (t tile) reg(i int) string {
	if t.wide {
		return fmt.Sprintf("Z%d", i)
	}
	return fmt.Sprintf("Y%d", i)
}

// row is the operand for a step of row i: rows are reached from three pointers, five rows apart.
func (t tile) row(i, step int) string {
	base := []string{"AX", "BX", "R10"}[i/5]
	index := []string{"", "(R8*1)", "(R8*2)", "(R9*1)", "(R8*4)"}[i%5]
	return fmt.Sprintf("%d(%s)%s", 4*step, base, index)
}

func (t tile) emit(o *output) {
	o.function(t.name, fmt.Sprintf("multiplies tiles of up to %d rows.", t.rows),
		fmt.Sprintf("m int, a []%s, lda int, b []%s, steps int, c []%s, ldc int, add bool", t.a, t.b, t.c), "")
	o.load("m", "R13", "a_base", "AX", "lda", "R8", "b_base", "DX", "c_base", "DI", "ldc", "SI")
	o.ins("MOVBLZX %s, R12", o.arg("add"))
	if shift := map[string]int{"float32": 2, "int16": 1, "uint8": 0}[t.a]; shift > 0 {
		o.ins("SHLQ $%d, R8", shift)
	}
	o.ins("SHLQ $2, SI")
	o.ins("LEAQ (R8)(R8*2), R9")
	if !t.wide {
		o.ins("MOVQ $2, R11") // halves of the panel
		o.label("half")
	}
	for m := t.rows; m > 1; m-- {
		o.ins("CMPQ R13, $%d", m)
		o.ins("JEQ rows%d", m)
	}
	for m := 1; m <= t.rows; m++ {
		t.body(o, m)
	}
}

// body writes the tile of exactly m rows. Registers hold first the accumulators, then columns of B, then rows of A. C is
// walked with R11, or with R10 on the narrow machine, whose tiles are too low for R10 to point at rows of A.
func (t tile) body(o *output, m int) {
	at := func(label string) string { return fmt.Sprintf("%s%d", label, m) }
	acc := func(i, j int) string { return t.reg(2*i + j) }
	registers, lane, pointer, zero := 16, 32, "R10", "VPXOR"
	if t.wide {
		registers, lane, pointer, zero = 32, 64, "R11", "VPXORD"
	}
	columns := [2]string{t.reg(2 * m), t.reg(2*m + 1)}
	spare := registers - 2*m - 2

	o.label(at("rows"))
	if m > 5 {
		o.ins("LEAQ (AX)(R8*4), BX")
		o.ins("ADDQ R8, BX")
	}
	if m > 10 {
		o.ins("LEAQ (BX)(R8*4), R10")
		o.ins("ADDQ R8, R10")
	}
	// each does something with all accumulators and their places in C.
	each := func(format string) {
		o.ins("MOVQ DI, %s", pointer)
		for i := range m {
			for j := range 2 {
				o.ins(format, acc(i, j), fmt.Sprintf("%d(%s)", lane*j, pointer))
			}
			o.ins("ADDQ SI, %s", pointer)
		}
	}
	converts := t.a != t.c && t.c == "float32"
	o.load("steps", "CX")
	if !converts {
		o.ins("TESTL R12, R12")
		o.ins("JNZ %s", at("resume"))
	}
	for i := range 2 * m {
		o.ins("%s %s, %[2]s, %[2]s", zero, t.reg(i))
	}
	if !converts {
		o.ins("JMP %s", at("start"))
		o.label(at("resume"))
		each("VMOVUPS %[2]s, %[1]s")
		o.label(at("start"))
	}

	step := func(u int) {
		for j, c := range columns {
			at := panel*t.width*u + lane*t.width/4*j
			o.ins("%s %d(DX), %s", t.read, at, c)
			if at%64 == 0 { // once a line
				o.ins("PREFETCHT1 %d(DX)", at+ahead)
			}
		}
		for i := range m {
			pair := i % (spare / 2) * 2
			row, scratch := t.reg(2*m+2+pair), t.reg(2*m+3+pair)
			o.ins("%s %s, %s", t.broadcast, t.row(i, u), row)
			t.multiply(o, row, columns[0], acc(i, 0), scratch, false)
			t.multiply(o, row, columns[1], acc(i, 1), scratch, true)
		}
	}
	advance := func(steps int) {
		o.ins("ADDQ $%d, AX", 4*steps)
		if m > 5 {
			o.ins("ADDQ $%d, BX", 4*steps)
		}
		if m > 10 {
			o.ins("ADDQ $%d, R10", 4*steps)
		}
		o.ins("ADDQ $%d, DX", panel*t.width*steps)
	}
	o.ins("SUBQ $%d, CX", unroll)
	o.ins("JLT %s", at("rest"))
	o.ins("PCALIGN $32")
	o.label(at("loop"))
	for u := range unroll {
		step(u)
	}
	advance(unroll)
	o.ins("SUBQ $%d, CX", unroll)
	o.ins("JGE %s", at("loop"))
	o.label(at("rest"))
	o.ins("ADDQ $%d, CX", unroll)
	o.ins("JEQ %s", at("done"))
	o.label(at("one"))
	step(0)
	advance(1)
	o.ins("DECQ CX")
	o.ins("JNZ %s", at("one"))

	o.label(at("done"))
	if converts {
		for i := range 2 * m {
			o.ins("VCVTDQ2PS %s, %[1]s", t.reg(i))
		}
		o.ins("TESTL R12, R12")
		o.ins("JZ %s", at("store"))
		each("VADDPS %[2]s, %[1]s, %[1]s")
		o.label(at("store"))
	}
	each("VMOVUPS %s, %s")
	if !t.wide {
		o.ins("DECQ R11")
		o.ins("JEQ %s", at("out"))
		o.load("a_base", "AX", "b_base", "DX")
		o.ins("ADDQ $%d, DX", panel/2*t.width)
		o.ins("ADDQ $%d, DI", panel/2*4)
		o.ins("JMP half")
		o.label(at("out"))
	}
	o.ret()
}

// peak writes a loop of nothing but multiply, as many at a time as a tile has: the most that any kernel could do.
func (t tile) peak(o *output, name string) {
	o.function(name, fmt.Sprintf("runs %d multiplications in registers n times.", 2*t.rows), "n int", "")
	o.load("n", "CX")
	for i := range 2*t.rows + 4 {
		if t.wide {
			o.ins("VPXORD Z%d, Z%[1]d, Z%[1]d", i)
		} else {
			o.ins("VPXOR Y%d, Y%[1]d, Y%[1]d", i)
		}
	}
	o.ins("PCALIGN $32")
	o.label("loop")
	for i := range 2 * t.rows {
		t.multiply(o, t.reg(2*t.rows), t.reg(2*t.rows+1), t.reg(i), t.reg(2*t.rows+2), false)
	}
	o.ins("DECQ CX")
	o.ins("JNZ loop")
	o.ret()
}
