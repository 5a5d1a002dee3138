package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/stages"
)

func traceCommand() *cobra.Command {
	var from sourceFlags
	var with modelFlags
	var how runFlags
	var to, heatmap string
	var window int64
	var asJSON bool
	c := &cobra.Command{
		Use:   "trace",
		Short: "The seven steps as a table: what goes in and comes out of each",
		Long: `Runs pairs through all seven steps and prints, for each, the shapes that go in and come out, a sample, rows a second
and time; then the similarity matrix, what the first picture is taken for, and the loss.`,
		Example: `  pairstream trace
  pairstream trace --source photos/ --model clip-vit-base-patch32 --sink parquet:embeddings.parquet`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			source, err := from.open()
			if err != nil {
				return err
			}
			clip, err := with.open(c)
			if err != nil {
				return err
			}
			defer clip.Close()
			vectors := stages.Embed{Model: clip, Workers: 1}.Draw(pipeline.From(source, pipeline.Name("ingest")))
			var flows []pipeline.Flow
			if to != "" {
				sink, err := openSink[batch.Vectors](to)
				if err != nil {
					return err
				}
				var stored pipeline.Stream[batch.Vectors]
				stored, vectors = pipeline.Tee(vectors)
				flows = append(flows, pipeline.Into(stored, sink))
			}
			windows := pipeline.Rebatch(vectors, pipeline.Window{Rows: window})
			scores := pipeline.Through(windows, stages.Similarity{LogitScale: clip.LogitScale()})
			if heatmap != "" {
				var drawn pipeline.Stream[batch.Scores]
				drawn, scores = pipeline.Tee(scores)
				flows = append(flows, pipeline.Into(drawn, &heatmapSink{path: heatmap}))
			}
			shown, scores := pipeline.Tee(scores)
			first, total := &firstScores{}, &totals{}
			flows = append(flows, pipeline.Into(shown, first),
				pipeline.Into(pipeline.Through(scores, stages.Contrast[batch.Scores]{LogitScale: clip.LogitScale()}), total))
			steps := &stepTable{}
			how.observers = []pipeline.Observer{steps}
			err = how.run(c, source, flows...)
			if err != nil && err != errRejects {
				return err
			}
			out := bufio.NewWriter(c.OutOrStdout())
			if asJSON {
				printTraceJSON(out, clip, steps, total)
			} else {
				printTrace(out, clip, steps, first, total)
			}
			if flushed := out.Flush(); err == nil {
				err = flushed
			}
			return err
		},
	}
	from.add(c, "scenes:24")
	with.add(c)
	how.add(c)
	c.Flags().StringVar(&to, "sink", "", "keep the embeddings: npy:DIR, parquet:FILE, jsonl:FILE")
	c.Flags().StringVar(&heatmap, "heatmap", "", "draw the similarity matrix to a .png file")
	c.Flags().Int64Var(&window, "window", 1000, "pairs that are compared with each other")
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return c
}

// maxShown bounds the side of the matrix that is printed.
const maxShown = 8

// firstScores is a sink that keeps the corner of the first similarity matrix, and its first row's best.
type firstScores struct {
	captions []string
	logits   [][]float32
	guesses  []guess // of the first picture
}

func (f *firstScores) Write(_ context.Context, in batch.Scores) error {
	if f.captions != nil {
		return nil
	}
	m := in.Similarity()
	n := min(m.Rows, maxShown)
	for i := range n {
		f.captions = append(f.captions, in.Caption(i))
		f.logits = append(f.logits, append([]float32(nil), m.Row(i)[:n]...))
	}
	if n > 0 {
		f.guesses = guesses(m.Row(0), 0, 4, in.Caption)
	}
	return nil
}

func (f *firstScores) Close() error { return nil }

func printTrace(out io.Writer, clip *model.CLIP, steps *stepTable, first *firstScores, total *totals) {
	fmt.Fprintf(out, "model %s: %.1f million parameters, pictures of %d×%d, %d tokens, embeddings of %d\n\n",
		clip.Name(), float64(clip.Parameters())/1e6, clip.ImageSize(), clip.ImageSize(), clip.ContextLength(), clip.Embed())
	steps.print(out)
	fmt.Fprintf(out, "\nlogits (%.2f × cosine) of pictures, a row each, with captions, a column each:\n\n", total.LogitScale)
	for i, row := range first.logits {
		for _, logit := range row {
			fmt.Fprintf(out, "%8.3f", logit)
		}
		fmt.Fprintf(out, "   %d: %s\n", i, cut(first.captions[i], 40))
	}
	if shown := len(first.captions); int(total.Pairs) > shown {
		fmt.Fprintf(out, "     … the first %d of %d\n", shown, total.Pairs)
	}
	if first.guesses != nil {
		printGuesses(out, first.guesses)
	}
	fmt.Fprintf(out, "\n%d pairs: loss %.4f, accuracy %.3f, logit scale %.2f\n", total.Pairs, total.Loss, total.Accuracy, total.LogitScale)
}

func printTraceJSON(out io.Writer, clip *model.CLIP, steps *stepTable, total *totals) {
	_ = json.NewEncoder(out).Encode(struct { // a write error stays with out until it is flushed
		Model string    `json:"model"`
		Steps []stepRow `json:"steps"`
		*totals
	}{clip.Name(), steps.rows(), total})
}
