package model

import (
	"sync"

	"github.com/pairstream/pairstream/model/tensor"
)

// textEncoder is the text tower laid out for inference.
type textEncoder struct {
	*text
	blocks  *encoder
	proj    *tensor.Packed // like the image tower's
	scratch sync.Pool      // of *encoderScratch
}

func (t *text) pack(p tensor.Precision, done func()) captionEncoder {
	e := &textEncoder{text: t, blocks: t.transformer.pack(p, true, done), proj: t.proj.Pack(p.Finer())}
	e.scratch.New = func() any { return e.blocks.newScratch(t.rows, e.proj) }
	return e
}

// encode embeds captions that cut has shortened, of t.rows tokens together at most: N of them to dst (N, E).
func (e *textEncoder) encode(dst []float32, captions [][]int32, processors int) {
	s := e.scratch.Get().(*encoderScratch)
	defer e.scratch.Put(s)
	s.seqs = s.seqs[:0]
	total := 0
	for _, ids := range captions {
		e.embed(s.x[total*e.Width:], ids)
		s.seqs = append(s.seqs, sequence{start: total, length: len(ids), pool: len(ids) - 1})
		total += len(ids)
	}
	pooled := e.blocks.forward(s, total, processors)
	e.lnFinal.NormalizeRows(s.pooled, pooled)
	e.proj.Multiply(tensor.Matrix(dst, len(captions), e.proj.Out()), s.pooled, tensor.Epilogue{})
}
