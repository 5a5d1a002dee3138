package model

import (
	"sync"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/pairstream/pairstream/model/tensor"
)

// sigLIPEncoder is SigLIP's image tower laid out for inference.
type sigLIPEncoder struct {
	*sigLIPVision
	conv    *tensor.Packed
	blocks  *encoder
	pooling sigLIPPool
	scratch sync.Pool // of *sigLIPScratch
}

// sigLIPPool is the head. It is in float32, as the other towers' last steps are.
type sigLIPPool struct {
	query             []float32 // (W) of the probe, the same for all pictures
	attention         *tensor.SingleQuery
	out, fc, contract *tensor.Packed
	ln                tensor.LayerNorm
	activation        tensor.Epilogue
}

type sigLIPScratch struct {
	*encoderScratch
	patches             *tensor.Rows // (N·grid², 3·P·P), before there is anything in hidden
	mixed, norm, hidden *tensor.Rows // (N, W), (N, W), (N, MLP)
}

func (v *sigLIPVision) pack(p Precision, done func()) imageEncoder {
	h := &v.head
	e := &sigLIPEncoder{sigLIPVision: v, conv: v.conv.Pack(p), blocks: v.transformer.pack(p, false, done), pooling: sigLIPPool{
		query:     make([]float32, v.Width),
		attention: tensor.PackSingleQuery(tensor.Float32, v.Heads, h.keys),
		out:       h.out.Pack(tensor.Float32), fc: h.fc.Pack(tensor.Float32), contract: h.contract.Pack(tensor.Float32),
		ln: h.ln, activation: tensor.Epilogue{Activation: h.activation},
	}}
	h.query.Forward(e.pooling.query, h.probe)
	e.scratch.New = func() any {
		n, grid := v.pictures(), v.grid()*v.grid()
		s := e.blocks.newScratch(n*grid, e.pooling.out)
		return &sigLIPScratch{
			encoderScratch: s,
			patches:        s.hidden.For(e.conv, n*grid),
			mixed:          tensor.NewRows(e.pooling.out, n),
			norm:           tensor.NewRows(e.pooling.fc, n),
			hidden:         tensor.NewRows(e.pooling.contract, n),
		}
	}
	return e
}

// encode embeds up to e.pictures() pictures: pixels (N, 3, S, S) to dst (N, E).
func (e *sigLIPEncoder) encode(dst, pixels []float32, processors int) {
	s := e.scratch.Get().(*sigLIPScratch)
	defer e.scratch.Put(s)
	width, size, grid := e.Width, 3*e.Size*e.Size, e.grid()*e.grid()
	n := len(pixels) / size
	tensor.Split(n, func(i int) { e.layPatches(s.patches, i*grid, pixels[i*size:(i+1)*size]) })
	s.patches.Quantise(n * grid)
	x := tensor.Matrix(s.x, n*grid, width)
	e.conv.Multiply(x, s.patches, tensor.Epilogue{})
	s.seqs = s.seqs[:0]
	for i := range n {
		tensor.Add(s.x[i*grid*width:(i+1)*grid*width], e.position)
		s.seqs = append(s.seqs, sequence{start: i * grid, length: grid})
	}
	e.pool(s, tensor.Matrix(dst, n, width), e.blocks.forward(s.encoderScratch, n*grid, processors))
}

// pool is the head: out (N, W) from x (N·grid², W).
func (e *sigLIPEncoder) pool(s *sigLIPScratch, out, x blas32.General) {
	h, width, grid := &e.pooling, e.Width, e.grid()*e.grid()
	tokens := s.encoderScratch.norm.Matrix(x.Rows)
	e.lnPost.Normalize(tokens, x)
	queries := tensor.Matrix(s.qkv, out.Rows, width)
	s.places = s.places[:0]
	for i := range out.Rows {
		copy(queries.Data[i*width:(i+1)*width], h.query)
		s.places = append(s.places, tensor.Sequence{Start: i * grid, Length: grid})
	}
	h.attention.Forward(s.mixed.Matrix(out.Rows), queries, tokens, s.places)
	h.out.Multiply(out, s.mixed, tensor.Epilogue{})
	h.ln.NormalizeRows(s.norm, out)
	h.fc.Multiply(s.hidden.Matrix(out.Rows), s.norm, h.activation)
	h.contract.Multiply(out, s.hidden, tensor.Epilogue{Add: true})
}
