package main

import (
	"fmt"
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

// read gives what store wrote, with the vocabulary it was trained with.
func read(file []byte, words vocabulary) (*model.CLIP, error) {
	z, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	data, err := z.DecodeAll(file, nil)
	if err != nil {
		return nil, err
	}
	stored, err := checkpoint.Parse("weights.safetensors", data)
	if err != nil {
		return nil, err
	}
	learner, err := model.New(final.config(len(words)), 0).Learner(model.Frozen{})
	if err != nil {
		return nil, err
	}
	for _, p := range learner.Parameters() {
		tensor, ok := stored.Tensor(p.Name)
		if !ok {
			return nil, fmt.Errorf("tensor %s is missing", p.Name)
		}
		values, err := tensor.Floats()
		if err != nil {
			return nil, err
		}
		if p.Name == "token_embedding.weight" {
			width := p.Shape[1]
			for i, id := range words {
				copy(p.Value[i*width:(i+1)*width], values[int(id)*width:])
			}
			continue
		}
		if copy(p.Value, values) != len(values) {
			return nil, fmt.Errorf("tensor %s has shape %v, want %v", p.Name, tensor.Shape, p.Shape)
		}
	}
	return learner.Snapshot(), nil
}
