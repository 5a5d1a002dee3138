package main

import (
	"cmp"
	"slices"
	"testing"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/tensor"
)

// TestPrecision compares the integer precisions with float32 on scenes that no training has seen: embeddings, the order
// in which they put captions, and the answers they give.
func TestPrecision(t *testing.T) {
	const n = 250
	wanted := []struct {
		precision             model.Precision
		cosine, rank, answers float64 // the least, the mean of a question, the share that stays the same
	}{
		{model.Int16, 0.99999, 0.9995, 0.99},
		{model.Int8, 0.995, 0.995, 0.97},
	}
	clips := []*model.CLIP{model.Tiny()}
	for _, want := range wanted {
		clips = append(clips, model.Tiny().WithPrecision(want.precision))
	}
	all := ask(t, clips, n)
	exact := all[0]
	for i, want := range wanted {
		got := all[i+1]
		for kind, features := range got.features {
			least, mean := 1., 0.
			for i, f := range features {
				c := dot(f, exact.features[kind][i])
				least, mean = min(least, c), mean+c/float64(len(features))
			}
			t.Logf("%v, %s: cosine %.7f in the mean, at least %.7f", want.precision, kind, mean, least)
			if !(least >= want.cosine) {
				t.Errorf("%v, %s: cosine %.7f, want %g", want.precision, kind, least, want.cosine)
			}
		}
		for question, scores := range got.scores {
			same, rank := 0, 0.
			for i, s := range scores {
				e := exact.scores[question][i]
				rank += spearman(s, e) / n
				if top(s) == top(e) {
					same++
				}
			}
			t.Logf("%v, %s: %d of %d answers are float32's; rank correlation %.6f", want.precision, question, same, n, rank)
			if float64(same) < want.answers*n || !(rank >= want.rank) {
				t.Errorf("%v, %s: want %g of the answers and a correlation of %g", want.precision, question, want.answers, want.rank)
			}
		}
	}
}

// answers are what a model makes of n scenes with distinct captions, and of n scenes of one object.
type answers struct {
	features map[string][][]float32 // of unit length
	scores   map[string][][]float64 // by question, of each thing that was asked about
}

// ask asks several models the same.
func ask(t *testing.T, clips []*model.CLIP, n int) (list []answers) {
	t.Helper()
	size, width, length := clips[0].ImageSize(), clips[0].Embed(), clips[0].ContextLength()
	scenes, tokens := alones(n), make([]int32, n*length)
	for i, p := range distinct(retrievalSeed, n) {
		scenes = append(scenes, p.scene)
		clips[0].Tokenizer().Encode(tokens[i*length:(i+1)*length], p.caption)
	}
	images, picture := make([][]float32, len(clips)), make([]float32, 3*size*size)
	for _, s := range scenes {
		pixels(picture, s, size)
		for k, c := range clips {
			images[k] = append(images[k], make([]float32, width)...)
			c.EncodeImages(images[k][len(images[k])-width:], picture)
		}
	}
	for k, c := range clips {
		texts := make([]float32, n*width)
		c.EncodeTexts(texts, tokens)
		tensor.Normalize(texts, texts, width)
		tensor.Normalize(images[k], images[k], width)
		rows := slices.Collect(slices.Chunk(images[k], width))
		alone, pictures, captions := rows[:n], rows[n:], slices.Collect(slices.Chunk(texts, width))
		a := answers{
			features: map[string][][]float32{"pictures": rows, "captions": captions},
			scores:   map[string][][]float64{"image to text": scoresOf(pictures, captions), "text to image": scoresOf(captions, pictures)},
		}
		for _, q := range questions() {
			z, err := c.Classifier(q.labels, q.templates)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range alone {
				p, row := make([]float32, len(q.labels)), make([]float64, len(q.labels))
				z.Probabilities(p, f)
				for i, v := range p {
					row[i] = float64(v)
				}
				a.scores[q.name] = append(a.scores[q.name], row)
			}
		}
		list = append(list, a)
	}
	return list
}

// scoresOf are the cosines of each of a with all of b.
func scoresOf(a, b [][]float32) [][]float64 {
	scores := make([][]float64, len(a))
	for i := range a {
		for _, f := range b {
			scores[i] = append(scores[i], dot(a[i], f))
		}
	}
	return scores
}

func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

func top(scores []float64) int { return slices.Index(scores, slices.Max(scores)) }

// spearman is the correlation of the ranks of a and b.
func spearman(a, b []float64) float64 {
	n, squares := float64(len(a)), 0.
	x, y := ranks(a), ranks(b)
	for i := range x {
		squares += float64((x[i] - y[i]) * (x[i] - y[i]))
	}
	return 1 - 6*squares/(n*(n*n-1))
}

func ranks(scores []float64) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(scores[i], scores[j]) })
	ranks := make([]int, len(scores))
	for rank, i := range order {
		ranks[i] = rank
	}
	return ranks
}
