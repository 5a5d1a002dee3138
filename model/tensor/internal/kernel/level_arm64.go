package kernel

import "golang.org/x/sys/cpu"

// neon is what every processor of the family has.
var neon = level{
	name:        "neon",
	rows:        [3]int{6, 6, 6},
	tileFloat32: tileFloat32NEON,
	tileInt16:   tileInt16NEON,
	tileInt8:    tileInt8NEON,
	peaks:       [3]func(int){peakFloat32NEON, peakInt16NEON, peakInt8NEON},
	operations:  [3]int{24 * 4 * 2, 24 * 4 * 2, 24 * 4 * 2},
	quantise16:  quantise16NEON,
	extent:      extentNEON,
	scale:       scaleNEON,
	dequantise:  dequantiseNEON,
	addBias:     addBiasNEON,
	store:       storeNEON,
	prefetch:    func([]float32, int, int) {},
	gather:      gatherNEON,
	transpose:   transposeBlocks,
	activations: [5]elementwise{nil, quickGELUNEON, geluNEON, tanhGELUNEON, reluNEON},
	add:         addNEON,
	layerNorm:   layerNormNEON,
	softmax:     softmaxNEON,
	derivatives: [5]func(dx, dy, x []float32){QuickGELU: quickGELUBackwardNEON, GELU: geluBackwardNEON},
	adamW:       adamWNEON,
	addPair:     addPairNEON,
	maxima:      maximaNEON,
	addExp:      addExpNEON,
	shares:      sharesNEON,
	softplus:    softplusNEON,
	logistic:    logisticNEON,
}

// neondot is neon with the instruction that multiplies four pairs of int8 and adds them up at once. It has no unsigned
// bytes, so that activations are held 128 lower.
var neondot = func() level {
	l := neon
	l.name = "neondot"
	l.quads, l.shift = true, 128
	l.tileInt8, l.tileQuads = nil, tileQuadsNEON
	l.peaks[Int8] = peakQuadsNEON
	l.operations[Int8] = 24 * 4 * 8
	l.quantise8 = quantise8NEON
	return l
}()

func machineLevels() []*level {
	if cpu.ARM64.HasASIMDDP {
		return []*level{&neondot, &neon}
	}
	return []*level{&neon}
}

// transposeBlocks transposes blocks of 4×4 fast and what is left over in Go.
func transposeBlocks(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	r, c := rows&^3, cols&^3
	if r > 0 && c > 0 {
		transposeNEON(dst, ldd, src, lds, r/4, c/4)
	}
	transposeRest(dst, ldd, src, lds, rows, cols, r, c)
}
