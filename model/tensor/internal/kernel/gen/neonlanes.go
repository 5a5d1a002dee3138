package main

import (
	"fmt"
	"strings"
)

// On NEON a vec is four registers of four lanes, vec 0 being V0 to V3. Kernels are written in the instructions of AVX; each
// of them becomes those of NEON that give the same bits, also of a NaN. What they need beside the vecs:
const (
	tempConstant = 28 // a constant or a scalar
	tempMemory   = 29
	tempMask     = 30
	temp         = 31
	table        = "R17" // where the constants are
	// buffer holds a vec on the stack while its tail is moved value by value.
	buffer = "buffer-64(SP)"
)

// quarter is register q of a vec.
func quarter(v vec, q int) int { return 4*int(v) + q }

// neonOp writes an instruction for the four quarters of its operands.
func (l *lanes) neonOp(name string, operands ...any) {
	for _, operand := range operands {
		if c, ok := operand.(constant); ok {
			l.raw("FMOVQ %d(%s), F%d", 32*int(c), table, tempConstant)
		}
	}
	for q := range 4 {
		r := make([]int, len(operands))
		for i, operand := range operands {
			switch operand := operand.(type) {
			case vec:
				r[i] = quarter(operand, q)
			case constant:
				r[i] = tempConstant
			case mem:
				l.raw("FMOVQ %d(%s), F%d", operand.offset+16*q, armRegister(operand.base), tempMemory)
				r[i] = tempMemory
			case string: // an immediate, known by the instruction
			default:
				panic(fmt.Sprintf("operand %v", operand))
			}
		}
		l.translate(name, r)
	}
}

// direct are the instructions of AVX with two operands and a result that NEON has too.
var direct = map[string]string{
	"VADDPS": "fadd", "VSUBPS": "fsub", "VMULPS": "fmul", "VDIVPS": "fdiv", "VFMADD231PS": "fmla", "VFNMADD231PS": "fmls",
	"VPADDD": "add", "VPSUBD": "sub", "VPMULLD": "mul", "VPMAXSD": "smax", "VPAND": "and", "VPXOR": "eor",
}

var directUnary = map[string]string{"VSQRTPS": "fsqrt", "VCVTPS2DQ": "fcvtns", "VCVTDQ2PS": "scvtf"}

// translate writes an instruction of AVX on registers, in Go's order: the right operand, the left one, the result.
func (l *lanes) translate(name string, r []int) {
	d := r[len(r)-1]
	if code, ok := direct[name]; ok {
		l.vector(code, d, r[1], r[0])
		return
	}
	if code, ok := directUnary[name]; ok {
		l.unary(code, d, r[0])
		return
	}
	switch name {
	case "VMOVAPS":
		l.copy(d, r[0])
	case "VROUNDPS":
		l.unary("frintn", d, r[1])
	case "VPSLLD":
		l.raw("VSHL $23, V%d.S4, V%d.S4", r[1], d)
	case "VPSRAD":
		l.signs(d, r[1])
	case "VMAXPS":
		l.vector("fcmgt", tempMask, r[1], r[0])
		l.choose(d, r[1], r[0])
	case "VMINPS":
		l.vector("fcmgt", tempMask, r[0], r[1])
		l.choose(d, r[1], r[0])
	case "VPANDN":
		l.word(0x4e601c00|uint32(r[1]<<16|r[0]<<5|d), "bic v%d.16b, v%d.16b, v%d.16b", d, r[0], r[1])
	case "VFMADD213PS":
		l.copy(temp, r[0])
		l.vector("fmla", temp, r[1], d)
		l.copy(d, temp)
	case "VFMSUB231PS":
		l.unary("fneg", d, d)
		l.vector("fmla", d, r[1], r[0])
	default:
		panic("no NEON for " + name)
	}
}

// choose writes d = a where the bits of tempMask are set and b elsewhere. AVX takes b where either is a NaN.
func (l *lanes) choose(d, a, b int) {
	switch d {
	case a:
		l.vector("bif", d, b, tempMask)
	case b:
		l.vector("bit", d, a, tempMask)
	default:
		l.vector("bsl", tempMask, a, b)
		l.copy(d, tempMask)
	}
}

// neonHorner sets p to the polynomial in x, from one vec of sums to another and back: FMLA adds to its result.
func (l *lanes) neonHorner(p, x vec, coefficients []float64) {
	const other vec = 7
	from, to := other, p
	if len(coefficients)%2 == 1 {
		from, to = p, other
	}
	l.fillConstant(float(coefficients[0]), from)
	for _, c := range coefficients[1:] {
		l.fillConstant(float(c), to)
		for q := range 4 {
			l.vector("fmla", quarter(to, q), quarter(from, q), quarter(x, q))
		}
		from, to = to, from
	}
}

// neonConstant puts a constant into all lanes. It fills 32 bytes of the table.
func (l *lanes) neonConstant(c constant, v vec) {
	for q := 0; q < 4; q += 2 {
		l.raw("FLDPQ %d(%s), (F%d, F%d)", 32*int(c), table, quarter(v, q), quarter(v, q+1))
	}
}

// neonFill puts a scalar into all lanes.
func (l *lanes) neonFill(scalar string, v vec) {
	if strings.HasPrefix(scalar, "(") {
		scalar = "(" + armRegister(strings.Trim(scalar, "()")) + ")"
	}
	l.raw("FMOVS %s, F%d", scalar, tempConstant)
	l.neonSpread(tempConstant, v)
}

// neonSpread puts lane 0 of a register into all lanes of a vec.
func (l *lanes) neonSpread(register int, v vec) {
	for q := range 4 {
		l.raw("VDUP V%d.S[0], V%d.S4", register, quarter(v, q))
	}
}

// neonMove loads or stores a vec.
func (l *lanes) neonMove(load bool, v vec, at string, offset int) {
	for q := 0; q < 4; q += 2 {
		if load {
			l.raw("FLDPQ %d(%s), (F%d, F%d)", offset+16*q, at, quarter(v, q), quarter(v, q+1))
		} else {
			l.raw("FSTPQ (F%d, F%d), %d(%s)", quarter(v, q), quarter(v, q+1), offset+16*q, at)
		}
	}
}

// neonTail moves the first CX lanes of a vec by way of the buffer. Reading leaves the other lanes.
func (l *lanes) neonTail(load bool, v vec, m mem) {
	from, to := "R12", "R13"
	if !load {
		from, to = to, from
	}
	l.raw("MOVD $%s, R13", buffer)
	l.neonMove(false, v, "R13", 0)
	l.raw("ADD $%d, %s, R12", m.offset, armRegister(m.base))
	l.raw("MOVD %s, R14", armRegister("CX"))
	loop := l.fresh("tail")
	l.label(loop)
	l.raw("MOVWU.P 4(%s), R15", from)
	l.raw("MOVW.P R15, 4(%s)", to)
	l.raw("SUBS $1, R14, R14")
	l.raw("BNE %s", loop)
	if load {
		l.raw("MOVD $%s, R13", buffer)
		l.neonMove(true, v, "R13", 0)
	}
}

// neonMask finds the mask of the first CX lanes, to be read from R10 on.
func (l *lanes) neonMask() {
	l.raw("MOVD $masks<>+64(SB), R10")
	l.raw("SUB %s<<2, R10, R10", armRegister("CX"))
}

// neonMasked does something to each quarter, with its mask of the first CX lanes in tempMask.
func (l *lanes) neonMasked(do func(q int)) {
	for q := range 4 {
		l.raw("FMOVQ %d(R10), F%d", 16*q, tempMask)
		do(q)
	}
}

// neonReduce combines the lanes of v into all of its lanes, in the order that reduce has.
func (l *lanes) neonReduce(op string, v vec) {
	a, b := quarter(v, 0), quarter(v, 1)
	l.translate(op, []int{quarter(v, 2), a, a})
	l.translate(op, []int{quarter(v, 3), b, b})
	l.translate(op, []int{b, a, a})
	l.raw("VEXT $8, V%d.B16, V%[1]d.B16, V%d.B16", a, b)
	l.translate(op, []int{b, a, a})
	l.raw("VREV64 V%d.S4, V%d.S4", a, b)
	l.translate(op, []int{b, a, a})
	for q := 3; q >= 0; q-- {
		l.raw("VDUP V%d.S[0], V%d.S4", a, quarter(v, q))
	}
}
