package model

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"
	"github.com/pairstream/pairstream/model/tensor"
)

// fingerprint hashes what decides the embeddings. Each tensor is hashed by itself, side by side, and the hashes
// in order. After each, done is called.
func fingerprint(cfg Config, list []parameter, values [][]float32, done func()) string {
	sums := make([]uint64, len(list))
	tensor.Parallel(len(list), func(i int) {
		sums[i] = sum(values[i])
		done()
	})
	h := xxhash.New()
	im, tx, pre := cfg.Image, cfg.Text, cfg.Preprocess
	fmt.Fprintf(h, "clip 1 embed %d image %d %d %d %d %d %d text %d %d %d %d %d %d %d %v mean %v std %v squash %v\n", cfg.Embed,
		im.Size, im.Patch, im.Width, im.Layers, im.Heads, im.MLP,
		tx.Context, tx.Vocab, tx.Width, tx.Layers, tx.Heads, tx.MLP, tx.EndOfText,
		cfg.Activation, pre.Mean, pre.Std, pre.Squash)
	if cfg.Family != ViT {
		fmt.Fprintf(h, "%v stages %v text %v\n", cfg.Family, im.Stages, cfg.textActivation())
	}
	for i, p := range list {
		fmt.Fprintf(h, "%s %v %016x\n", p.name, p.shape, sums[i])
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// sum hashes values as little-endian bytes, whatever the machine's own order.
func sum(values []float32) uint64 {
	h := xxhash.New()
	var block [4096]byte
	for len(values) > 0 {
		n := min(len(values), len(block)/4)
		for i, v := range values[:n] {
			binary.LittleEndian.PutUint32(block[4*i:], math.Float32bits(v))
		}
		h.Write(block[:4*n])
		values = values[n:]
	}
	return h.Sum64()
}
