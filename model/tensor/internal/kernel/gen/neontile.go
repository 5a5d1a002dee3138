package main

import (
	"fmt"
	"strings"
)

// A neonTile is a tile on registers of four lanes, of which one takes half a panel at a time, as the narrow tile does:
// 24 registers of sums for six rows of 16 columns, six for four steps of each row, and two for columns of B. A number of a
// row is not spread over a register but named as a lane of it.
type neonTile struct {
	name    string
	a, b, c string // Go types of the elements
	width   int    // bytes of B for each column and step
	// step writes the step of lane u of rows 0 to m-1, from B at R6 on, whose steps are apart by 32·width bytes.
	step func(t neonTile, o *output, m, u int)
}

const (
	neonRows = 6
	neonSums = 32 - 4*neonRows // the first register of sums; rows are in registers from 0 on, columns in those between
)

var neonTiles = []neonTile{
	{"tileFloat32NEON", "float32", "float32", "float32", 4, stepLanes((*output).fmlaLane)},
	{"tileInt16NEON", "int16", "int16", "float32", 4, stepPairs},
	{"tileInt8NEON", "int16", "int8", "int32", 2, stepPairs},
	{"tileQuadsNEON", "uint8", "int8", "int32", 4, stepLanes((*output).sdotLane)},
}

// stepLanes writes a step whose values, or quads of them, are one lane.
func stepLanes(multiply func(o *output, d, a, b, lane int)) func(t neonTile, o *output, m, u int) {
	return func(t neonTile, o *output, m, u int) {
		for pair := range 2 {
			o.raw("FLDPQ %d(R6), (F6, F7)", panel*t.width*u+32*pair)
			for i := range m {
				for j := range 2 {
					multiply(o, neonSums+4*i+2*pair+j, 6+j, i, u)
				}
			}
		}
	}
}

// stepPairs writes a step of two values, which are two lanes: the first ones of eight columns are gathered in one register,
// the second ones in another.
func stepPairs(t neonTile, o *output, m, u int) {
	for pair := range 2 {
		o.raw("ADD $%d, R6, R13", panel*t.width*u+8*t.width*pair)
		if t.width == 2 {
			o.raw("VLD2 (R13), [V6.B8, V7.B8]")
			o.widen(6)
			o.widen(7)
		} else {
			o.raw("VLD2 (R13), [V6.H8, V7.H8]")
		}
		for k := range 2 {
			for i := range m {
				for j := range 2 {
					o.smlalLane(neonSums+4*i+2*pair+j, 6+k, i, 2*u+k, j == 1)
				}
			}
		}
	}
}

// arguments loads eight-byte arguments into registers, given as pairs: argument, register.
func (o *output) arguments(pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		o.raw("MOVD %s, %s", o.arg(pairs[i]), pairs[i+1])
	}
}

// emit writes the function. R0 to R5 walk along the rows of A, R6 down B; R7 is where C is.
func (t neonTile) emit(o *output) {
	o.function(t.name, fmt.Sprintf("multiplies tiles of up to %d rows.", neonRows),
		fmt.Sprintf("m int, a []%s, lda int, b []%s, steps int, c []%s, ldc int, add bool", t.a, t.b, t.c), "")
	o.arguments("m", "R8", "lda", "R9", "c_base", "R7", "ldc", "R10")
	o.raw("MOVBU %s, R11", o.arg("add"))
	if shift := map[string]int{"float32": 2, "int16": 1, "uint8": 0}[t.a]; shift > 0 {
		o.raw("LSL $%d, R9, R9", shift)
	}
	o.raw("LSL $2, R10, R10")
	o.raw("MOVD $0, R14") // half of the panel: how far into a step of B it is
	o.label("half")
	o.arguments("a_base", "R0", "b_base", "R6", "steps", "R12")
	o.raw("ADD R14, R6, R6")
	for i := 1; i < neonRows; i++ {
		o.raw("ADD R9, R%d, R%d", i-1, i)
	}
	for m := neonRows; m > 1; m-- {
		o.raw("CMP $%d, R8", m)
		o.raw("BEQ rows%d", m)
	}
	for m := 1; m <= neonRows; m++ {
		t.body(o, m)
	}
	o.label("next")
	o.raw("CBNZ R14, out")
	o.raw("MOVD $%d, R14", panel/2*t.width)
	o.raw("ADD $%d, R7, R7", panel/2*4)
	o.raw("B half")
	o.label("out")
	o.raw("RET")
}

// body writes half a tile of exactly m rows.
func (t neonTile) body(o *output, m int) {
	at := func(label string) string { return fmt.Sprintf("%s%d", label, m) }
	// each moves the sums of all rows from or to their places in C.
	each := func(format string) {
		o.raw("MOVD R7, R13")
		for i := range m {
			o.raw(format, registers(neonSums+4*i))
			o.raw("ADD R10, R13, R13")
		}
	}
	o.label(at("rows"))
	converts := t.a != t.c && t.c == "float32"
	if !converts {
		o.raw("CBNZ R11, %s", at("resume"))
	}
	for i := range 4 * m {
		o.vector("eor", neonSums+i, neonSums+i, neonSums+i)
	}
	if !converts {
		o.raw("B %s", at("start"))
		o.label(at("resume"))
		each("VLD1 (R13), %s")
		o.label(at("start"))
	}
	o.raw("SUBS $%d, R12, R12", unroll)
	o.raw("BLT %s", at("rest"))
	o.raw("PCALIGN $32")
	o.label(at("loop"))
	for i := range m {
		o.raw("FMOVQ.P 16(R%d), F%[1]d", i)
	}
	for u := range unroll {
		t.step(t, o, m, u)
	}
	o.raw("ADD $%d, R6, R6", panel*t.width*unroll)
	o.raw("SUBS $%d, R12, R12", unroll)
	o.raw("BGE %s", at("loop"))
	o.label(at("rest"))
	o.raw("ADDS $%d, R12, R12", unroll)
	o.raw("BEQ %s", at("done"))
	o.label(at("one"))
	for i := range m {
		o.raw("FMOVS.P 4(R%d), F%[1]d", i)
	}
	t.step(t, o, m, 0)
	o.raw("ADD $%d, R6, R6", panel*t.width)
	o.raw("SUBS $1, R12, R12")
	o.raw("BNE %s", at("one"))

	o.label(at("done"))
	if converts {
		t.convert(o, m, at("store"))
	}
	each("VST1 %s, (R13)")
	o.raw("B next")
}

// convert rounds the exact sums to float32, and then adds them to what is in C if they are to be.
func (t neonTile) convert(o *output, m int, store string) {
	for i := range 4 * m {
		o.unary("scvtf", neonSums+i, neonSums+i)
	}
	o.raw("CBZ R11, %s", store)
	o.raw("MOVD R7, R13")
	for i := range m {
		o.raw("VLD1 (R13), %s", registers(0))
		o.raw("ADD R10, R13, R13")
		for j := range 4 {
			o.vector("fadd", neonSums+4*i+j, neonSums+4*i+j, j)
		}
	}
	o.label(store)
}

// registers lists four from first on.
func registers(first int) string {
	var list []string
	for i := range 4 {
		list = append(list, fmt.Sprintf("V%d.S4", first+i))
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// peak writes a loop of nothing but multiplications, as many as a step of a tile has: the most that any kernel could do.
func (t neonTile) peak(o *output, name string) {
	o.function(name, fmt.Sprintf("runs %d multiplications in registers n times.", 4*neonRows), "n int", "")
	o.arguments("n", "R0")
	for i := range 32 {
		o.vector("eor", i, i, i)
	}
	o.raw("PCALIGN $32")
	o.label("loop")
	for i := range 4 * neonRows {
		switch t.name {
		case "tileFloat32NEON":
			o.fmlaLane(neonSums+i, 6, i/4, i%4)
		case "tileQuadsNEON":
			o.sdotLane(neonSums+i, 6, i/4, i%4)
		default:
			o.smlalLane(neonSums+i, 6, i/4, i%4, i%2 == 1)
		}
	}
	o.raw("SUBS $1, R0, R0")
	o.raw("BNE loop")
	o.raw("RET")
}
