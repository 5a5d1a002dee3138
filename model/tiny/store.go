package main

import (
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/tokenizer"
)

// store writes the model as a safetensors file by the original's names, in float16, within zstd. Its tokens get
// their ids back; those that are in no scene are zeros, which take no room.
func store(w io.Writer, c *model.CLIP, words vocabulary) error {
	learner, err := c.Learner(model.Frozen{})
	if err != nil {
		return err
	}
	var tensors []checkpoint.Tensor
	for _, p := range learner.Parameters() {
		shape, values := slices.Clone(p.Shape), p.Value
		if p.Name == "token_embedding.weight" {
			width := shape[1]
			shape[0], values = tokenizer.VocabSize, make([]float32, tokenizer.VocabSize*width)
			for i, id := range words {
				copy(values[int(id)*width:(int(id)+1)*width], p.Value[i*width:])
			}
		}
		tensors = append(tensors, checkpoint.FromFloats16(p.Name, shape, values))
	}
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	if err := checkpoint.Write(z, tensors, map[string]string{"format": "pt"}); err != nil {
		return err
	}
	return z.Close()
}
