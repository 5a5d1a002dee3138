package main

import "fmt"

// neon gives the instructions on four lanes of 32 bits that Go's assembler lacks: their bits, without registers. Operands
// are, as in ARM's manual, the result, the left and the right side.
var neon = map[string]uint32{
	"fadd": 0x4e20d400, "fsub": 0x4ea0d400, "fmul": 0x6e20dc00, "fdiv": 0x6e20fc00,
	"fcmgt": 0x6ea0e400, "mul": 0x4ea09c00, "smax": 0x4ea06400,
	// With one operand:
	"fneg": 0x6ea0f800, "fsqrt": 0x6ea1f800, "frintn": 0x4e218800, "fcvtns": 0x4e21a800, "scvtf": 0x4e21d800,
}

// known are those that Go's assembler has, with the name of the lanes that it wants.
var known = map[string][2]string{
	"fmla": {"VFMLA", "S4"}, "fmls": {"VFMLS", "S4"}, "add": {"VADD", "S4"}, "sub": {"VSUB", "S4"},
	"and": {"VAND", "B16"}, "eor": {"VEOR", "B16"}, "bit": {"VBIT", "B16"}, "bif": {"VBIF", "B16"}, "bsl": {"VBSL", "B16"},
}

// vector writes d = a op b; of those that Go's assembler has, some take d as an operand too.
func (o *output) vector(name string, d, a, b int) {
	if its, ok := known[name]; ok {
		o.raw("%s V%d.%s, V%d.%[3]s, V%[5]d.%[3]s", its[0], b, its[1], a, d)
		return
	}
	o.word(neon[name]|uint32(b<<16|a<<5|d), "%s v%d.4s, v%d.4s, v%d.4s", name, d, a, b)
}

// unary writes d = op a.
func (o *output) unary(name string, d, a int) {
	o.word(neon[name]|uint32(a<<5|d), "%s v%d.4s, v%d.4s", name, d, a)
}

// copy writes d = a.
func (o *output) copy(d, a int) { o.raw("VMOV V%d.B16, V%d.B16", a, d) }

// signs writes d = a >> 31, with the sign.
func (o *output) signs(d, a int) {
	o.word(0x4f210400|uint32(a<<5|d), "sshr v%d.4s, v%d.4s, #31", d, a)
}

// fmlaLane writes d += a·b[lane], a float32.
func (o *output) fmlaLane(d, a, b, lane int) {
	o.word(0x4f801000|uint32(b<<16|a<<5|d|lane>>1<<11|lane&1<<21), "fmla v%d.4s, v%d.4s, v%d.s[%d]", d, a, b, lane)
}

// sdotLane writes d += the sums of four products of int8 each: those of a's lanes and of lane of b.
func (o *output) sdotLane(d, a, b, lane int) {
	o.word(0x4f80e000|uint32(b<<16|a<<5|d|lane>>1<<11|lane&1<<21), "sdot v%d.4s, v%d.16b, v%d.4b[%d]", d, a, b, lane)
}

// smlalLane writes d += a·b[lane] for four of the eight int16 of a, the upper ones if so; b is below 16.
func (o *output) smlalLane(d, a, b, lane int, upper bool) {
	bits := uint32(b<<16 | a<<5 | d | lane>>2<<11 | lane>>1&1<<21 | lane&1<<20)
	if upper {
		o.word(0x4f402000|bits, "smlal2 v%d.4s, v%d.8h, v%d.h[%d]", d, a, b, lane)
		return
	}
	o.word(0x0f402000|bits, "smlal v%d.4s, v%d.4h, v%d.h[%d]", d, a, b, lane)
}

// widen writes the lower eight int8 of v as int16.
func (o *output) widen(v int) {
	o.word(0x0f08a400|uint32(v<<5|v), "sxtl v%d.8h, v%[1]d.8b", v)
}

// narrow writes the int32 of a as int16 into the lower half of d, or the upper; with saturate what does not fit is clamped.
func (o *output) narrow(d, a int, upper, saturate bool) {
	name, bits := "xtn", uint32(0x0e612800)
	if saturate {
		name, bits = "sqxtn", 0x0e614800
	}
	lanes := "4h"
	if upper {
		name, bits, lanes = name+"2", bits|1<<30, "8h"
	}
	o.word(bits|uint32(a<<5|d), "%s v%d.%s, v%d.4s", name, d, lanes, a)
}

// narrowBytes writes the int16 of a and b as bytes into d.
func (o *output) narrowBytes(d, a, b int) { o.raw("VUZP1 V%d.B16, V%d.B16, V%d.B16", b, a, d) }

// word writes an instruction by its bits, with what it is in ARM's notation.
func (o *output) word(bits uint32, format string, args ...any) {
	o.raw("WORD $0x%08x // %s", bits, fmt.Sprintf(format, args...))
}
