package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/stages"
)

// maxMatrix bounds the side of a similarity matrix: 1.6 GB.
const maxMatrix = 20_000

func scoreCommand() *cobra.Command {
	var from sourceFlags
	var with modelFlags
	var how runFlags
	var to, matrix, heatmap string
	var least float32
	var window int64
	var fast, asJSON bool
	c := &cobra.Command{
		Use:   "score --source SOURCE",
		Short: "How alike each picture and its caption are, and the contrastive loss of all",
		Long: `Prints the cosine of each pair and, in the end, the contrastive loss and the accuracy: the share of pictures whose own
caption is the most similar of all in the window. Of a SigLIP each pair's probability stands behind its cosine. With --sink the pairs go there, those below --min left out.`,
		Example: `  pairstream score --source photos/ --model clip-vit-base-patch32
  pairstream score --source list:captions.tsv --min 0.28 --sink parquet:good.parquet
  pairstream score --source photos/ --matrix similarity.npy --heatmap similarity.png`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			source, err := from.open()
			if err != nil {
				return err
			}
			out := bufio.NewWriter(c.OutOrStdout())
			var scores pipeline.Sink[batch.Cosines]
			if to != "" {
				if scores, err = openSink[batch.Cosines](to); err != nil {
					return err
				}
			}
			clip, err := with.open(c)
			if err != nil {
				return err
			}
			defer clip.Close()
			if to == "" {
				scores = scorePrinter{out, clip}
			}
			vectors := stages.Embed{Model: clip, Fast: fast}.Draw(pipeline.From(source))
			pairs, vectors := pipeline.Tee(vectors)
			flows := []pipeline.Flow{pipeline.Into(pipeline.Through(pairs, stages.Cosine{Min: least}), scores)}
			if matrix != "" || heatmap != "" {
				var whole pipeline.Stream[batch.Vectors]
				whole, vectors = pipeline.Tee(vectors)
				flows = append(flows, drawMatrix(whole, clip.LogitScale(), matrix, heatmap)...)
			}
			total := &totals{}
			windows := pipeline.Rebatch(vectors, pipeline.Window{Rows: window})
			loss := pipeline.Through(windows, stages.Contrast[batch.Vectors]{LogitScale: clip.LogitScale()})
			flows = append(flows, pipeline.Into(loss, total))
			err = how.run(c, source, flows...)
			if err == nil || err == errRejects {
				total.print(out, asJSON)
			}
			if flushed := out.Flush(); err == nil {
				err = flushed
			}
			return err
		},
	}
	from.add(c, "")
	with.add(c)
	how.add(c)
	c.Flags().StringVar(&to, "sink", "", "scores: parquet:FILE, jsonl:FILE (default: lines on standard output)")
	c.Flags().Float32Var(&least, "min", -1, "leave out pairs whose cosine is less")
	c.Flags().StringVar(&matrix, "matrix", "", "write the logits of every picture with every caption to a .npy file")
	c.Flags().StringVar(&heatmap, "heatmap", "", "draw them to a .png file")
	c.Flags().Int64Var(&window, "window", 10_000, "pairs that are compared with each other for the loss")
	c.Flags().BoolVar(&fast, "fast", false, "decode large JPEGs at a part of their size: faster, not exact")
	c.Flags().BoolVar(&asJSON, "json", false, "print loss and accuracy as a JSON object")
	return c
}

// drawMatrix draws the flows that compare all pictures with all captions.
func drawMatrix(vectors pipeline.Stream[batch.Vectors], scale float32, matrix, heatmap string) []pipeline.Flow {
	all := pipeline.Rebatch(vectors, pipeline.Window{Rows: maxMatrix})
	scores := pipeline.Through(all, stages.Similarity{LogitScale: scale})
	one := pipeline.Through(scores, pipeline.StageFunc[batch.Scores, batch.Scores](onlyWindow(maxMatrix)), pipeline.Name("matrix"))
	var flows []pipeline.Flow
	if matrix != "" && heatmap != "" {
		var other pipeline.Stream[batch.Scores]
		one, other = pipeline.Tee(one)
		flows = append(flows, pipeline.Into(other, &heatmapSink{path: heatmap}))
		heatmap = ""
	}
	if matrix != "" {
		return append(flows, pipeline.Into(one, &sinks.Array[batch.Scores]{Path: matrix, Column: batch.Similarity}))
	}
	return append(flows, pipeline.Into(one, &heatmapSink{path: heatmap}))
}

// onlyWindow lets one window pass, and fails at a second.
func onlyWindow(rows int64) func(context.Context, batch.Scores) (batch.Scores, error) {
	windows := 0
	return func(_ context.Context, in batch.Scores) (batch.Scores, error) {
		if windows++; windows > 1 {
			return batch.Scores{}, fmt.Errorf("more than %d pairs: a matrix of them is too large", rows)
		}
		in.Retain()
		return in, nil
	}
}

// scorePrinter prints pairs with their cosines, and with their probabilities where the model scores pairs one by one.
type scorePrinter struct {
	out  *bufio.Writer
	clip *model.CLIP
}

func (p scorePrinter) Write(_ context.Context, in batch.Cosines) error {
	scores := in.Score()
	for i := range scores {
		id, _ := in.Label(int64(i))
		fmt.Fprintf(p.out, "%7.4f  ", scores[i])
		if probability, ok := p.clip.Probability(scores[i]); ok {
			fmt.Fprintf(p.out, "%6.2f %%  ", 100*probability)
		}
		fmt.Fprintf(p.out, "%s  %s\n", id, in.Caption(i))
	}
	return p.out.Flush()
}

func (p scorePrinter) Close() error { return p.out.Flush() }

// totals is a sink that adds up the metrics of windows, each by its pairs.
type totals struct {
	Pairs      int64   `json:"pairs"`
	Loss       float64 `json:"loss"`
	Accuracy   float64 `json:"accuracy"`
	LogitScale float64 `json:"logit_scale"`
	Windows    int     `json:"windows"`
}

func (t *totals) Write(_ context.Context, in batch.Metrics) error {
	for i := range int(in.NumRows()) {
		pairs := in.Pairs(i)
		share := float64(pairs) / float64(t.Pairs+pairs)
		t.Pairs += pairs
		t.Loss += share * (in.Loss(i) - t.Loss)
		t.Accuracy += share * (in.Accuracy(i) - t.Accuracy)
		t.LogitScale = in.LogitScale(i)
		t.Windows++
	}
	return nil
}

func (t *totals) Close() error { return nil }

func (t *totals) print(out *bufio.Writer, asJSON bool) {
	if asJSON {
		_ = json.NewEncoder(out).Encode(t) // a write error stays with out until it is flushed
		return
	}
	fmt.Fprintf(out, "%d pairs: loss %.6f, accuracy %.4f, logit scale %.4f\n", t.Pairs, t.Loss, t.Accuracy, t.LogitScale)
}
