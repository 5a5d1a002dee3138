package stages

import (
	"context"

	"github.com/pairstream/pairstream/model/train"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Evaluate is where embeddings end that a model is judged by: a sink that compares each picture with all captions, and
// each caption with all pictures. It holds the embeddings, no pixels.
type Evaluate struct {
	LogitScale float32 // what the cosines are multiplied with; 0 is 1
	Group      int     // how many are compared with each other for Grouped; 0 is 10

	Result train.Evaluation // among all, once it is closed; of no pairs where there were none
	// Grouped is the mean over groups of Group rows that follow each other; those left over in the end do not count.
	Grouped train.Evaluation

	images, texts []float32
	width         int
}

// Open begins anew.
func (e *Evaluate) Open(context.Context) error {
	e.images, e.texts, e.Result, e.Grouped = nil, nil, train.Evaluation{}, train.Evaluation{}
	return nil
}

// Write keeps embeddings.
func (e *Evaluate) Write(_ context.Context, in batch.Vectors) error {
	images := in.Image()
	e.width = images.Width
	e.images = append(e.images, images.Values...)
	e.texts = append(e.texts, in.Text().Values...)
	return nil
}

// Close compares.
func (e *Evaluate) Close() error {
	if len(e.images) == 0 {
		return nil
	}
	var err error
	if e.Result, err = train.EvaluateEmbeddings(e.images, e.texts, e.width, scale(e.LogitScale)); err != nil {
		return err
	}
	group := e.Group
	if group == 0 {
		group = 10
	}
	e.Grouped, err = train.EvaluateGroups(e.images, e.texts, e.width, scale(e.LogitScale), group)
	return err
}

// Abort gives up.
func (e *Evaluate) Abort() error { return nil }
