package kernel

import "golang.org/x/sys/cpu"

var avx2 = level{
	name:        "avx2",
	rows:        [3]int{6, 6, 6},
	tileFloat32: tileFloat32AVX2,
	tileInt16:   tileInt16AVX2,
	tileInt8:    tileInt8AVX2,
	peaks:       [3]func(int){peakFloat32AVX2, peakInt16AVX2, peakInt8AVX2},
	operations:  [3]int{12 * 8 * 2, 12 * 8 * 4, 12 * 8 * 4},
	quantise16:  quantise16AVX2,
	extent:      extentAVX2,
	scale:       scaleAVX2,
	dequantise:  dequantiseAVX2,
	addBias:     addBiasAVX2,
	store:       storeAVX2,
	prefetch:    prefetchLines,
	gather:      gatherAVX2,
	transpose:   transposeBlocks,
	activations: [5]elementwise{nil, quickGELUAVX2, geluAVX2, tanhGELUAVX2, reluAVX2},
	add:         addAVX2,
	layerNorm:   layerNormAVX2,
	softmax:     softmaxAVX2,
	derivatives: [5]func(dx, dy, x []float32){QuickGELU: quickGELUBackwardAVX2, GELU: geluBackwardAVX2},
	adamW:       adamWAVX2,
	addPair:     addPairAVX2,
	maxima:      maximaAVX2,
	addExp:      addExpAVX2,
	shares:      sharesAVX2,
	softplus:    softplusAVX2,
	logistic:    logisticAVX2,
}

var avx512 = level{
	name:        "avx512",
	rows:        [3]int{14, 12, 12},
	tileFloat32: tileFloat32AVX512,
	tileInt16:   tileInt16AVX512,
	tileInt8:    tileInt8AVX512,
	peaks:       [3]func(int){peakFloat32AVX512, peakInt16AVX512, peakInt8AVX512},
	operations:  [3]int{28 * 16 * 2, 24 * 16 * 4, 24 * 16 * 4},
	quantise16:  quantise16AVX512,
	extent:      extentAVX512,
	scale:       scaleAVX512,
	dequantise:  dequantiseAVX512,
	addBias:     addBiasAVX512,
	store:       storeAVX512,
	prefetch:    prefetchLines,
	gather:      gatherAVX512,
	transpose:   transposeBlocks,
	activations: [5]elementwise{nil, quickGELUAVX512, geluAVX512, tanhGELUAVX512, reluAVX512},
	add:         addAVX512,
	layerNorm:   layerNormAVX512,
	softmax:     softmaxAVX512,
	derivatives: [5]func(dx, dy, x []float32){QuickGELU: quickGELUBackwardAVX512, GELU: geluBackwardAVX512},
	adamW:       adamWAVX512,
	addPair:     addPairAVX512,
	maxima:      maximaAVX512,
	addExp:      addExpAVX512,
	shares:      sharesAVX512,
	softplus:    softplusAVX512,
	logistic:    logisticAVX512,
}

// avx512vnni is avx512 with the instructions that multiply and add integers at once.
var avx512vnni = func() level {
	l := avx512
	l.name = "avx512vnni"
	l.rows = [3]int{14, 14, 14}
	l.quads = true
	l.tileInt16 = tileInt16VNNI
	l.tileInt8, l.tileQuads = nil, tileQuadsVNNI
	l.peaks = [3]func(int){peakFloat32AVX512, peakInt16VNNI, peakQuadsVNNI}
	l.operations = [3]int{28 * 16 * 2, 28 * 16 * 4, 28 * 16 * 8}
	l.quantise8 = quantise8AVX512
	return l
}()

func machineLevels() (levels []*level) {
	x := &cpu.X86
	wide := x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VL && x.HasAVX2
	if wide && x.HasAVX512VNNI {
		levels = append(levels, &avx512vnni)
	}
	if wide {
		levels = append(levels, &avx512)
	}
	if x.HasAVX2 && x.HasFMA {
		levels = append(levels, &avx2)
	}
	return levels
}

// transposeBlocks transposes blocks of 8×8 fast and what is left over in Go.
func transposeBlocks(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	r, c := rows&^7, cols&^7
	if r > 0 && c > 0 {
		transposeAVX2(dst, ldd, src, lds, r/8, c/8)
	}
	transposeRest(dst, ldd, src, lds, rows, cols, r, c)
}
