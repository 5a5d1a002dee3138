package main

import (
	"fmt"
	"strings"
)

// armRegisters are those of arm64 that stand for amd64's. R12 to R15 are for scratch, R17 for the table of constants.
var armRegisters = map[string]string{
	"AX": "R0", "BX": "R1", "CX": "R2", "DX": "R3", "SI": "R4", "DI": "R5", "R8": "R6", "R9": "R7", "R11": "R8",
}

func armRegister(name string) string {
	r, ok := armRegisters[name]
	if !ok {
		panic("no register for " + name)
	}
	return r
}

// jumps are conditional ones. The additions, subtractions and comparisons before them set the same flags on both machines.
var jumps = map[string]string{"JLT": "BLT", "JLE": "BLE", "JGT": "BGT", "JGE": "BGE", "JEQ": "BEQ", "JNZ": "BNE", "JMP": "B"}

// arm returns an instruction on scalars of amd64, of those few that kernels on lanes have, as one of arm64.
func arm(text string) string {
	name, list, _ := strings.Cut(text, " ")
	operands := strings.Split(list, ", ")
	for i, operand := range operands {
		if r, ok := armRegisters[operand]; ok {
			operands[i] = r
		}
	}
	if jump, ok := jumps[name]; ok {
		return jump + " " + list
	}
	a := operands[0]
	b := operands[len(operands)-1]
	switch name {
	case "PCALIGN":
		return text
	case "MOVQ":
		return fmt.Sprintf("MOVD %s, %s", a, b)
	case "MOVL":
		return fmt.Sprintf("MOVWU %s, %s", a, b)
	case "ADDQ":
		return fmt.Sprintf("ADDS %s, %s, %[2]s", a, b)
	case "ADDL":
		return fmt.Sprintf("ADDW %s, %s, %[2]s", a, b)
	case "ANDQ":
		return fmt.Sprintf("AND %s, %s, %[2]s", a, b)
	case "MOVBLZX":
		return fmt.Sprintf("MOVBU %s, %s", a, b)
	case "SUBQ":
		return fmt.Sprintf("SUBS %s, %s, %[2]s", a, b)
	case "DECQ":
		return fmt.Sprintf("SUBS $1, %s, %[1]s", a)
	case "LEAQ": // (base)(index*4)
		base, index, _ := strings.Cut(strings.Trim(a, "()*4"), ")(")
		return fmt.Sprintf("ADD %s<<2, %s, %s", armRegister(index), armRegister(base), b)
	case "VMOVSS":
		return fmt.Sprintf("FMOVS %s, %s", a, b)
	case "SHLQ":
		return fmt.Sprintf("LSL %s, %s, %[2]s", a, b)
	case "CMPQ":
		return fmt.Sprintf("CMP %s, %s", b, a)
	case "TESTL":
		return fmt.Sprintf("TSTW %s, %s", a, b)
	}
	panic("no arm64 for " + text)
}

// settle returns the text of kernels on lanes once it is known what each of them needs: a buffer on the stack, or
// the table of constants.
func settle(text string) string {
	functions := strings.Split(text, "\nTEXT ")
	for i, f := range functions[1:] {
		header, body, _ := strings.Cut(f, "\n")
		if strings.Contains(body, buffer) {
			header = strings.Replace(header, "$0-", "$64-", 1)
		}
		if strings.Contains(body, "("+table+")") {
			body = "\tMOVD $constants<>(SB), " + table + "\n" + body
		}
		functions[i+1] = header + "\n" + body
	}
	return strings.Join(functions, "\nTEXT ")
}
