package kernel

import (
	"fmt"
	"os"
	"slices"
)

// A level is the set of kernels for one kind of processor. The functions are described at the generic ones.
type level struct {
	name string
	// Rows of a tile, by precision. Those of float32 are the most: to tiles of integers columns apart are added.
	rows [3]int
	// quads says that int8 products take uint8 activations, four at a time; else they take int16 ones, in pairs.
	quads bool
	// shift is taken from those uint8: with 128 they are multiplied as int8.
	shift int32

	tileFloat32 func(m int, a []float32, lda int, b []float32, steps int, c []float32, ldc int, add bool)
	tileInt16   func(m int, a []int16, lda int, b []int16, steps int, c []float32, ldc int, add bool)
	tileInt8    func(m int, a []int16, lda int, b []int8, steps int, c []int32, ldc int, add bool)
	tileQuads   func(m int, a []uint8, lda int, b []int8, steps int, c []int32, ldc int, add bool)
	// peaks run multiplications in registers, one function a precision; operations is how many a turn.
	peaks      [3]func(turns int)
	operations [3]int

	quantise16 func(dst []int16, x []float32, scale, low, high float32)
	quantise8  func(dst []uint8, x []float32, scale, low, high float32, zero int32)
	extent     func(x []float32) (low, high float32, magnitude int32)
	addBias    func(dst []float32, stride int, tile, bias []float32, rows int, add bool)
	scale      func(dst []float32, stride int, tile, scale, weights, bias []float32, rows int, add bool)
	dequantise func(dst []float32, stride int, src []int32, scale []float32, zero []int32, weights []float32, sums []int32, bias []float32, rows int, add bool)
	store      func(dst []float32, stride int, tile []float32, rows, cols int, alpha, beta float32)
	prefetch   func(dst []float32, stride, rows int)
	gather     func(dst, src []float32, stride, rows int)
	transpose  func(dst []float32, ldd int, src []float32, lds, rows, cols int)

	activations [5]elementwise
	add         func(y, x []float32)
	layerNorm   func(y, x, weight, bias []float32, epsilon float32)
	softmax     func(x []float32, n int, scale float32)

	derivatives [5]func(dx, dy, x []float32)
	adamW       func(p, m, v, g []float32, keep, size, rate1, beta2, rate2, root, epsilon float32)

	addPair  func(hi, lo, x []float32)
	maxima   func(tops, x []float32) float32
	addExp   func(sums, tops, hi, lo []float32, scale, rest, top float32) float32
	shares   func(g, tops, weights, hi, lo []float32, scale, rest, top, weight float32) float32
	softplus func(sums, hi, lo []float32, scale, rest, bias, biasRest float32)
	logistic func(sums, g, hi, lo []float32, scale, rest, bias, biasRest, weight float32)
}

var generic = level{
	name:        "generic",
	rows:        [3]int{4, 4, 4},
	tileFloat32: tileFloat32,
	tileInt16:   tileInt16,
	tileInt8:    tileInt8,
	quantise16:  quantise16,
	extent:      extent,
	scale:       scale,
	dequantise:  dequantise,
	addBias:     addBias,
	store:       store,
	prefetch:    func([]float32, int, int) {},
	gather:      gather,
	transpose:   transpose,
	activations: [5]elementwise{nil, ofValues(quickGELU), ofValues(gelu), ofValues(tanhGELU), ofValues(relu)},
	add:         add,
	layerNorm:   layerNorm,
	softmax:     softmax,
	derivatives: [5]func(dx, dy, x []float32){QuickGELU: quickGELUBackward, GELU: geluBackward},
	adamW:       adamW,
	addPair:     addPair,
	maxima:      maxima,
	addExp:      addExp,
	shares:      shares,
	softplus:    softplus,
	logistic:    logistic,
}

// levels are those that this machine can run, the best first.
var levels = append(machineLevels(), &generic)

// active is the level in use.
var active = choose(os.Getenv("PAIRSTREAM_KERNEL"))

// choose returns the best level or the named one, which makes it possible to test and to measure the others.
func choose(name string) *level {
	if name == "" {
		return levels[0]
	}
	i := slices.IndexFunc(levels, func(l *level) bool { return l.name == name })
	if i < 0 {
		panic(fmt.Sprintf("kernel: PAIRSTREAM_KERNEL is %q, which this processor does not have; it has %s", name, names()))
	}
	return levels[i]
}

func names() (names []string) {
	for _, l := range levels {
		names = append(names, l.name)
	}
	return names
}

// Name says which kernels are in use: avx512vnni, avx512 or avx2, neondot or neon, or generic. It is the best that the processor has unless
// the environment variable PAIRSTREAM_KERNEL names another that it has.
func Name() string { return active.name }
