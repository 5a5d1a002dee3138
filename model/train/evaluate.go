package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/pairstream/pairstream/loss"
	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/tensor"
)

// Evaluation is what a model makes of pairs that it has not seen.
type Evaluation struct {
	Pairs                    int
	Loss                     float64 // among all pairs at once
	ImageToText, TextToImage Retrieval
}

// Retrieval tells where the right one stands when all candidates are ordered by their logits, as open_clip's
// get_clip_metrics does.
type Retrieval struct {
	Recall1, Recall5, Recall10 float64 // the share of those among the first 1, 5, 10; Recall1 is the accuracy
	MeanRank, MedianRank       float64 // counted from 1
}

// Evaluate embeds pairs, as Trainer.Step takes them, and compares each with all the others.
func Evaluate(c *model.CLIP, pixels []float32, tokens []int32) (Evaluation, error) {
	n := len(tokens) / c.ContextLength()
	images, texts := make([]float32, n*c.Embed()), make([]float32, n*c.Embed())
	c.EncodeImages(images, pixels)
	c.EncodeTexts(texts, tokens)
	return EvaluateEmbeddings(images, texts, c.Embed(), c.LogitScale())
}

// EvaluateEmbeddings is Evaluate for embeddings (N, d) that are there already, of any length.
func EvaluateEmbeddings(images, texts []float32, d int, scale float32) (Evaluation, error) {
	unitImages, unitTexts := make([]float32, len(images)), make([]float32, len(texts))
	tensor.Normalize(unitImages, images, d)
	tensor.Normalize(unitTexts, texts, d)
	var contrastive loss.Contrastive
	m, err := contrastive.Forward(unitImages, unitTexts, d, scale)
	if err != nil {
		return Evaluation{}, fmt.Errorf("train: %w", err)
	}
	return Evaluation{
		Pairs:       m.Pairs,
		Loss:        m.Loss,
		ImageToText: retrieval(unitImages, unitTexts, d),
		TextToImage: retrieval(unitTexts, unitImages, d),
	}, nil
}

// EvaluateGroups is the mean of EvaluateEmbeddings over groups of n pairs that follow each other. Pairs is n; those left
// over in the end do not count, unless they are all there are.
func EvaluateGroups(images, texts []float32, d int, scale float32, n int) (Evaluation, error) {
	groups := max(1, len(images)/d/n)
	size := min(n*d, len(images))
	var mean Evaluation
	for g := range groups {
		e, err := EvaluateEmbeddings(images[g*size:(g+1)*size], texts[g*size:(g+1)*size], d, scale)
		if err != nil {
			return Evaluation{}, err
		}
		mean.Pairs = e.Pairs
		mean.Loss += e.Loss / float64(groups)
		mean.ImageToText.add(e.ImageToText, 1/float64(groups))
		mean.TextToImage.add(e.TextToImage, 1/float64(groups))
	}
	return mean, nil
}

func (r *Retrieval) add(more Retrieval, part float64) {
	r.Recall1 += part * more.Recall1
	r.Recall5 += part * more.Recall5
	r.Recall10 += part * more.Recall10
	r.MeanRank += part * more.MeanRank
	r.MedianRank += part * more.MedianRank
}

// retrieval ranks, for each query (N, d), the candidate (N, d) of the same index.
func retrieval(queries, candidates []float32, d int) Retrieval {
	const rows = 64
	n := len(queries) / d
	ranks := make([]int, n) // counted from 0
	tensor.Split((n+rows-1)/rows, func(block int) {
		from, to := block*rows, min(n, (block+1)*rows)
		cosines := make([]float32, (to-from)*n)
		loss.Logits(cosines, queries[from*d:to*d], candidates, d, 1)
		for i := from; i < to; i++ {
			ranks[i] = rank(cosines[(i-from)*n:(i-from+1)*n], i)
		}
	})
	slices.Sort(ranks)
	var r Retrieval
	for _, k := range ranks {
		r.MeanRank += float64(k) / float64(n)
		r.Recall1 += share(k < 1, n)
		r.Recall5 += share(k < 5, n)
		r.Recall10 += share(k < 10, n)
	}
	r.MeanRank++
	r.MedianRank = math.Floor(float64(ranks[(n-1)/2]+ranks[n/2])/2) + 1
	return r
}

func share(in bool, n int) float64 {
	if in {
		return 1 / float64(n)
	}
	return 0
}

// rank counts those that come before the right one: the higher, and of equals those of a lower index.
func rank(row []float32, right int) (before int) {
	for j, v := range row {
		if v > row[right] || v == row[right] && j < right {
			before++
		}
	}
	return before
}
