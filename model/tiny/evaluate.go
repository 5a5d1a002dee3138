package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/pixel"
	"github.com/pairstream/pairstream/model/train"
	"github.com/pairstream/pairstream/sources/scenes"
)

// Seeds of scenes that no training has seen.
const (
	retrievalSeed = 1 << 62
	zeroShotSeed  = retrievalSeed + 1
)

// encoding makes a file of a scene.
type encoding func(s scenes.Scene, side int) ([]byte, error)

func asJPEG(s scenes.Scene, side int) ([]byte, error) { return s.JPEG(side, 90) }

// embed sends scenes through the pixels of real files: (N, Embed).
func embed(c *model.CLIP, list []scenes.Scene, side int, as encoding) ([]float32, error) {
	const chunk = 50
	size, width := 3*c.ImageSize()*c.ImageSize(), c.Embed()
	features := make([]float32, len(list)*width)
	pixels := make([]float32, chunk*size)
	for from := 0; from < len(list); from += chunk {
		to := min(len(list), from+chunk)
		for i, s := range list[from:to] {
			file, err := as(s, side)
			if err != nil {
				return nil, err
			}
			if err := (pixel.Transform{}).Apply(pixels[i*size:(i+1)*size], file); err != nil {
				return nil, err
			}
		}
		c.EncodeImages(features[from*width:to*width], pixels[:(to-from)*size])
	}
	return features, nil
}

// retrieval compares n scenes, all of them with other captions, with each other.
func retrieval(c *model.CLIP, n, side int, as encoding) (train.Evaluation, error) {
	pairs := distinct(retrievalSeed, n)
	list, tokens := make([]scenes.Scene, n), make([]int32, n*c.ContextLength())
	for i, p := range pairs {
		list[i] = p.scene
		c.Tokenizer().Encode(tokens[i*c.ContextLength():(i+1)*c.ContextLength()], p.caption)
	}
	images, err := embed(c, list, side, as)
	if err != nil {
		return train.Evaluation{}, err
	}
	texts := make([]float32, n*c.Embed())
	c.EncodeTexts(texts, tokens)
	return train.EvaluateEmbeddings(images, texts, c.Embed(), c.LogitScale())
}

// What is asked of a classifier: "a photo of a circle", "a photo of a red shape".
var (
	shapeTemplates = []string{"a photo of a {}", "a picture of a {}", "a drawing of a {}", "an image of a {}"}
	colorTemplates = []string{"a photo of a {} shape", "a picture of a {} shape", "a drawing of a {} shape", "an image of a {} shape"}
)

// A question is what a classifier is asked of a scene of one object: which of its labels it shows.
type question struct {
	name              string
	labels, templates []string
	answer            func(o scenes.Object) int
}

// questions are those for the shape and the colour.
func questions() []question {
	shape := question{"shape", nil, shapeTemplates, func(o scenes.Object) int { return int(o.Shape) }}
	for _, s := range scenes.Shapes() {
		shape.labels = append(shape.labels, s.String())
	}
	color := question{"color", nil, colorTemplates, func(o scenes.Object) int { return int(o.Color) }}
	for _, c := range scenes.Colors() {
		color.labels = append(color.labels, c.String())
	}
	return []question{shape, color}
}

// alones are n scenes of one object.
func alones(n int) (list []scenes.Scene) {
	for i := int64(0); len(list) < n; i++ {
		if s := scenes.New(zeroShotSeed, i); s.Arrangement == scenes.Alone {
			list = append(list, s)
		}
	}
	return list
}

// zeroShot gives the share of n scenes of one object whose shape, and whose colour, is the most probable of ten.
func zeroShot(c *model.CLIP, n, side int, as encoding) (shape, color float64, err error) {
	list := alones(n)
	features, err := embed(c, list, side, as)
	if err != nil {
		return 0, 0, err
	}
	var right [2]float64
	for k, q := range questions() {
		z, err := c.Classifier(q.labels, q.templates)
		if err != nil {
			return 0, 0, err
		}
		p := make([]float32, len(q.labels))
		for i, s := range list {
			z.Probabilities(p, features[i*c.Embed():(i+1)*c.Embed()])
			if slices.Index(p, slices.Max(p)) == q.answer(s.Objects[0]) {
				right[k] += 1 / float64(n)
			}
		}
	}
	return right[0], right[1], nil
}

// report prints how good a model is, of pictures in several forms.
func report(out io.Writer, c *model.CLIP) error {
	fmt.Fprintf(out, "model %s, fingerprint %s: among 1000 scenes with distinct captions, and of 1000 scenes of one object\n\n", c.Name(), c.Fingerprint())
	fmt.Fprintln(out, "pictures      recall@1: image→text  text→image   loss  zero-shot: shape  color")
	for _, f := range []struct {
		name string
		side int
		as   encoding
	}{{"PNG, 224", 224, scenes.Scene.PNG}, {"JPEG, 224", 224, asJPEG}, {"PNG, 640", 640, scenes.Scene.PNG}} {
		e, err := retrieval(c, 1000, f.side, f.as)
		if err != nil {
			return err
		}
		shape, color, err := zeroShot(c, 1000, f.side, f.as)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-12s %22.3f %11.3f %6.3f %17.3f %6.3f\n", f.name, e.ImageToText.Recall1, e.TextToImage.Recall1, e.Loss, shape, color)
	}
	return nil
}
