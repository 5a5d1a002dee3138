package main

import (
	"fmt"
	"strings"
)

// lanes writes code for vectors of 16 float32 or int32: one register of 512 bits when wide, else two of 256, or on arm64
// four of 128. Kernels written on it do the same operations in the same order on all, hence give the same bits.
type lanes struct {
	*output
	wide   bool
	suffix string // of the functions' names
	labels int
}

// A vec is a vector register. There are seven; an eighth masks tails on the narrow machine and is for scratch on arm64.
type vec int

const maskVec = 7

// A mem is 16 values in memory from base on.
type mem struct {
	base   string
	offset int
}

// A constant is one value in all 16 lanes, by its index in constants.
type constant int

func (l *lanes) reg(v vec, half int) string {
	if l.wide {
		return fmt.Sprintf("Z%d", v)
	}
	return fmt.Sprintf("Y%d", 2*int(v)+half)
}

// op writes an instruction on vectors; operands are vec, mem, constant, or string (an immediate), in Go's order.
func (l *lanes) op(name string, operands ...any) {
	if l.arm {
		l.neonOp(name, operands...)
		return
	}
	for half := range l.halves() {
		code, list := name, make([]string, len(operands))
		for i, operand := range operands {
			switch operand := operand.(type) {
			case vec:
				list[i] = l.reg(operand, half)
			case mem:
				list[i] = fmt.Sprintf("%d(%s)", operand.offset+32*half, operand.base)
			case constant:
				list[i] = fmt.Sprintf("constants<>+%d(SB)", 32*int(operand))
				if l.wide {
					code += ".BCST"
				}
			case string:
				list[i] = operand
			default:
				panic(fmt.Sprintf("operand %v", operand))
			}
		}
		l.ins("%s %s", code, strings.Join(list, ", "))
	}
}

func (l *lanes) halves() int {
	if l.wide {
		return 1
	}
	return 2
}

func (l *lanes) zero(v vec) {
	if l.wide {
		l.ins("VPXORD Z%d, Z%[1]d, Z%[1]d", v)
		return
	}
	l.op("VPXOR", v, v, v)
}

func (l *lanes) move(from, to vec) { l.op("VMOVAPS", from, to) }

// fill puts a scalar of four bytes, a register like X3 or memory, into all lanes.
func (l *lanes) fill(scalar string, v vec) {
	if l.arm {
		l.neonFill(scalar, v)
		return
	}
	l.op("VBROADCASTSS", scalar, v)
}

func (l *lanes) fillConstant(c constant, v vec) {
	if l.arm {
		l.neonConstant(c, v)
		return
	}
	l.fill(fmt.Sprintf("constants<>+%d(SB)", 32*int(c)), v)
}

// fillLength puts CX as a float32 into all lanes; the vec after v is overwritten.
func (l *lanes) fillLength(v vec) {
	if l.arm {
		l.raw("SCVTFS %s, F%d", armRegister("CX"), tempConstant)
		l.neonSpread(tempConstant, v)
		return
	}
	l.ins("VXORPS X2, X2, X2")
	l.ins("VCVTSI2SSQ CX, X2, X2")
	l.fill("X2", v)
}

// mask makes the mask of the first CX lanes, up to 16, with R12 for scratch.
func (l *lanes) mask() {
	if l.arm {
		l.neonMask()
		return
	}
	if l.wide {
		l.ins("MOVL $1, R12")
		l.ins("SHLL CX, R12")
		l.ins("DECL R12")
		l.ins("KMOVW R12, K1")
		return
	}
	l.ins("LEAQ masks<>+64(SB), R12")
	l.ins("NEGQ CX")
	l.ins("VMOVUPS (R12)(CX*4), Y%d", 2*maskVec)
	l.ins("VMOVUPS 32(R12)(CX*4), Y%d", 2*maskVec+1)
	l.ins("NEGQ CX")
}

// read loads a vector; with tail only the masked lanes, the others being zero.
func (l *lanes) read(m mem, v vec, tail bool) {
	switch {
	case l.arm && tail:
		l.zero(v)
		l.neonTail(true, v, m)
	case l.arm:
		l.neonMove(true, v, armRegister(m.base), m.offset)
	case !tail:
		l.op("VMOVUPS", m, v)
	case l.wide:
		l.ins("VMOVUPS.Z %d(%s), K1, Z%d", m.offset, m.base, v)
	default:
		l.op("VMASKMOVPS", m, vec(maskVec), v)
	}
}

// readOver loads the masked lanes and leaves the others; spill is overwritten on the narrow machine.
func (l *lanes) readOver(m mem, v, spill vec) {
	if l.arm {
		l.neonTail(true, v, m)
		return
	}
	if l.wide {
		l.ins("VMOVUPS %d(%s), K1, Z%d", m.offset, m.base, v)
		return
	}
	l.op("VMASKMOVPS", m, vec(maskVec), spill)
	l.op("VBLENDVPS", vec(maskVec), spill, v, v)
}

// write stores a vector; with tail only the masked lanes.
func (l *lanes) write(v vec, m mem, tail bool) {
	switch {
	case l.arm && tail:
		l.neonTail(false, v, m)
	case l.arm:
		l.neonMove(false, v, armRegister(m.base), m.offset)
	case !tail:
		l.op("VMOVUPS", v, m)
	case l.wide:
		l.ins("VMOVUPS Z%d, K1, %d(%s)", v, m.offset, m.base)
	default:
		l.op("VMASKMOVPS", v, vec(maskVec), m)
	}
}

// keep makes the lanes outside the mask zero.
func (l *lanes) keep(v vec) {
	if l.arm {
		l.neonMasked(func(q int) { l.vector("and", quarter(v, q), quarter(v, q), tempMask) })
		return
	}
	if l.wide {
		l.ins("VMOVAPS.Z Z%d, K1, Z%[1]d", v)
		return
	}
	l.op("VANDPS", vec(maskVec), v, v)
}

// reduce combines the lanes of v by op into all of its lanes, in one order on all machines; t is overwritten.
func (l *lanes) reduce(op string, v, t vec) {
	if l.arm {
		l.neonReduce(op, v)
		return
	}
	a, b := 2*int(v), 2*int(v)+1
	if l.wide {
		a, b = int(v), int(t)
		l.ins("VEXTRACTF64X4 $1, Z%d, Y%d", a, b)
	}
	l.ins("%s Y%d, Y%d, Y%[3]d", op, b, a)
	l.ins("VEXTRACTF128 $1, Y%d, X%d", a, b)
	l.ins("%s X%d, X%d, X%[3]d", op, b, a)
	l.ins("VPERMILPS $0x4e, X%d, X%d", a, b)
	l.ins("%s X%d, X%d, X%[3]d", op, b, a)
	l.ins("VPERMILPS $0xb1, X%d, X%d", a, b)
	l.ins("%s X%d, X%d, X%[3]d", op, b, a)
	l.fill(fmt.Sprintf("X%d", a), v)
}

// low is the register that holds lane 0 of v.
func (l *lanes) low(v vec) string {
	if l.arm {
		return fmt.Sprintf("F%d", quarter(v, 0))
	}
	if l.wide {
		return fmt.Sprintf("X%d", v)
	}
	return fmt.Sprintf("X%d", 2*v)
}

// fresh makes a label that no other code has.
func (l *lanes) fresh(name string) string {
	l.labels++
	return fmt.Sprintf("%s%d", name, l.labels)
}
