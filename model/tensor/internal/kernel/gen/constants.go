package main

import (
	"fmt"
	"math"
)

// constants are the values that kernels use, each 32 bytes wide.
var constants []uint32

func float(v float64) constant { return bits(math.Float32bits(float32(v))) }

func bits(v uint32) constant {
	for i, c := range constants {
		if c == v {
			return constant(i)
		}
	}
	constants = append(constants, v)
	return constant(len(constants) - 1)
}

// data writes the constants and the masks, which are the file's own.
func (o *output) data() {
	o.text.WriteByte('\n')
	define := func(name string, words []uint32) {
		for i, w := range words {
			fmt.Fprintf(&o.text, "DATA %s<>+%d(SB)/4, $0x%08x\n", name, 4*i, w)
		}
		fmt.Fprintf(&o.text, "GLOBL %s<>(SB), RODATA|NOPTR, $%d\n", name, 4*len(words))
	}
	var words []uint32
	for _, c := range constants {
		for range 8 {
			words = append(words, c)
		}
	}
	define("constants", words)
	constants = nil
	masks := make([]uint32, 32)
	for i := range 16 {
		masks[i] = math.MaxUint32
	}
	define("masks", masks)
}
