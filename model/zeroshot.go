package model

import (
	"fmt"
	"math"
	"strings"
)

// A Classifier tells which of its labels a picture shows, without having been trained for them: it compares the
// picture's embedding with those of the labels (zero-shot, as in Radford et al. 2021, section 3.1).
type Classifier struct {
	weights []float32 // (labels, Embed), of unit length
	embed   int
	scale   float64
	bias    float64
	sigmoid bool // labels are scored one by one
}

// Classifier makes a classifier of labels. Each is put into every template in the place of "{}"; the embeddings of
// those sentences, normalised, are averaged and normalised again.
func (c *CLIP) Classifier(labels, templates []string) (*Classifier, error) {
	if len(labels) == 0 || len(templates) == 0 {
		return nil, fmt.Errorf("a classifier needs labels and templates: %d and %d given", len(labels), len(templates))
	}
	for _, t := range templates {
		if !strings.Contains(t, "{}") {
			return nil, fmt.Errorf("template %q has no {} for the label", t)
		}
	}
	embed, length := c.Embed(), c.ContextLength()
	tokens := make([]int32, len(templates)*length)
	sentences := make([]float32, len(templates)*embed)
	z := &Classifier{weights: make([]float32, len(labels)*embed), embed: embed, scale: float64(c.LogitScale()), bias: float64(c.LogitBias()), sigmoid: c.config.Sigmoid}
	for i, label := range labels {
		for k, t := range templates {
			c.tokenizer.Encode(tokens[k*length:(k+1)*length], strings.ReplaceAll(t, "{}", label))
		}
		c.EncodeTexts(sentences, tokens)
		weight := z.weights[i*embed : (i+1)*embed]
		for k := range templates {
			sentence := sentences[k*embed : (k+1)*embed]
			normalize(sentence)
			for j, v := range sentence {
				weight[j] += v
			}
		}
		normalize(weight)
	}
	return z, nil
}

// Probabilities writes how probable each label is to dst, in the order of the labels: the softmax of the scaled
// cosines, or, of a model that scores pairs one by one, the sigmoid of each with the bias, which do not add up to 1.
// features are of one picture, (Embed), of any length.
func (z *Classifier) Probabilities(dst, features []float32) {
	length := math.Sqrt(dot(features, features))
	most := math.Inf(-1)
	logits := make([]float64, len(dst))
	for i := range logits {
		logits[i] = z.scale*dot(features, z.weights[i*z.embed:(i+1)*z.embed])/length + z.bias
		most = max(most, logits[i])
	}
	if z.sigmoid {
		for i, l := range logits {
			dst[i] = float32(sigmoid(l))
		}
		return
	}
	var sum float64
	for i, l := range logits {
		logits[i] = math.Exp(l - most)
		sum += logits[i]
	}
	for i := range dst {
		dst[i] = float32(logits[i] / sum)
	}
}

// Probability is how probable a caption is for a picture, by their cosine, to a model that scores pairs one by one: the
// sigmoid of the scaled cosine with the bias. ok is false for other models, which only compare.
func (c *CLIP) Probability(cosine float32) (p float32, ok bool) {
	if !c.config.Sigmoid {
		return 0, false
	}
	return float32(sigmoid(float64(c.LogitScale())*float64(cosine) + float64(c.LogitBias()))), true
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func normalize(x []float32) {
	length := float32(math.Sqrt(dot(x, x)))
	for i := range x {
		x[i] /= length
	}
}

func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}
