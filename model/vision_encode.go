package model

import (
	"sync"

	"github.com/pairstream/pairstream/model/tensor"
)

// visionEncoder is the image tower laid out for inference.
type visionEncoder struct {
	*vision
	conv    *tensor.Packed
	blocks  *encoder
	proj    *tensor.Packed // in the next finer precision: it decides the embedding's last digits, and costs next to nothing
	scratch sync.Pool      // of *visionScratch
}

type visionScratch struct {
	*encoderScratch
	patches *tensor.Rows // (N·grid², 3·P·P), before there is anything in hidden
}

func (v *vision) pack(p tensor.Precision, done func()) imageEncoder {
	patches := p
	if v.lnPre.Uneven() {
		patches = p.Finer() // few channels are then nearly all that the blocks see
	}
	e := &visionEncoder{vision: v, conv: v.conv.Pack(patches), blocks: v.transformer.pack(p, true, done), proj: v.proj.Pack(p.Finer())}
	e.scratch.New = func() any {
		s := e.blocks.newScratch(v.chunk*v.tokens(), e.proj)
		return &visionScratch{encoderScratch: s, patches: s.hidden.For(e.conv, v.chunk*v.grid()*v.grid())}
	}
	return e
}

// encode embeds up to chunk pictures: pixels (N, 3, S, S) to dst (N, E).
func (e *visionEncoder) encode(dst, pixels []float32, processors int) {
	s := e.scratch.Get().(*visionScratch)
	defer e.scratch.Put(s)
	width, tokens, size, grid := e.Width, e.tokens(), 3*e.Size*e.Size, e.grid()*e.grid()
	n := len(pixels) / size
	tensor.Split(n, func(i int) { e.layPatches(s.patches, i*grid, pixels[i*size:(i+1)*size]) })
	s.patches.Quantise(n * grid)
	embedded := s.qkv[:n*grid*width] // free until the first block
	e.conv.Multiply(tensor.Matrix(embedded, n*grid, width), s.patches, tensor.Epilogue{})
	s.seqs = s.seqs[:0]
	for i := range n {
		x := s.x[i*tokens*width : (i+1)*tokens*width]
		copy(x, e.class)
		copy(x[width:], embedded[i*grid*width:(i+1)*grid*width])
		tensor.Add(x, e.position)
		s.seqs = append(s.seqs, sequence{start: i * tokens, length: tokens, pool: 0})
	}
	x := tensor.Matrix(s.x, n*tokens, width)
	e.lnPre.Normalize(x, x)
	pooled := e.blocks.forward(s.encoderScratch, n*tokens, processors)
	e.lnPost.NormalizeRows(s.pooled, pooled)
	e.proj.Multiply(tensor.Matrix(dst, n, e.proj.Out()), s.pooled, tensor.Epilogue{})
}

// layPatches lays one picture (3, S, S) out as patches, rows first to first+grid²-1, as vision.cutPatches does.
func (c ImageConfig) layPatches(patches *tensor.Rows, first int, pixels []float32) {
	grid, side := c.grid(), c.Patch
	for i := range grid * grid {
		patch := patches.Row(first + i)
		for channel := range 3 {
			for y := range side {
				from := (channel*c.Size+i/grid*side+y)*c.Size + i%grid*side
				copy(patch[:side], pixels[from:from+side])
				patch = patch[side:]
			}
		}
	}
}
