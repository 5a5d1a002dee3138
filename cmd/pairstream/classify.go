package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/stages"
)

func classifyCommand() *cobra.Command {
	var with modelFlags
	var how runFlags
	var labels string
	var templates []string
	var top int
	var asJSON bool
	c := &cobra.Command{
		Use:   "classify --labels FILE_OR_LIST IMAGE...",
		Short: "Zero-shot: which of some labels each picture shows",
		Long: `Compares each picture with every label, put into the templates, and prints the most probable labels. The probability
is the softmax of the scaled cosines, or of a SigLIP the sigmoid of each by itself. Labels are a file with one a line, or a list with commas.`,
		Example: `  pairstream classify --labels cat,dog,rocket *.jpg
  pairstream classify --labels imagenet.txt --template 'a photo of a {}' --template 'a drawing of a {}' --json *.jpg`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, pictures []string) error {
			names, err := readLabels(labels)
			if err != nil {
				return usageError{fmt.Errorf("--labels: %w", err)}
			}
			clip, err := with.open(c)
			if err != nil {
				return err
			}
			defer clip.Close()
			classifier, err := clip.Classifier(names, templates)
			if err != nil {
				return usageError{err}
			}
			source := &sources.Pictures{Paths: pictures}
			pixels := pipeline.Through(pipeline.From(source), stages.Preprocess{Model: clip}, pipeline.Workers(runtime.GOMAXPROCS(0)))
			features := pipeline.Through(pixels, stages.EncodeImages{Model: clip})
			out := bufio.NewWriter(c.OutOrStdout())
			sink := &predictions{out: out, classifier: classifier, labels: names, top: top, json: asJSON}
			return how.run(c, source, pipeline.Into(features, sink))
		},
	}
	c.Flags().StringVar(&labels, "labels", "", "a file with a label a line, or labels with commas between")
	must(c.MarkFlagRequired("labels"))
	c.Flags().StringArrayVar(&templates, "template", []string{"a photo of a {}"}, "a sentence with {} for the label; may be repeated")
	c.Flags().IntVar(&top, "top", 5, "labels to print a picture")
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a picture")
	with.add(c)
	how.add(c)
	return c
}

// readLabels reads a file of labels, or takes the argument for a list.
func readLabels(arg string) ([]string, error) {
	text, err := os.ReadFile(arg)
	separator := "\n"
	if err != nil {
		if strings.ContainsRune(arg, os.PathSeparator) || strings.HasSuffix(arg, ".txt") {
			return nil, err
		}
		text, separator = []byte(arg), ","
	}
	var labels []string
	for label := range strings.SplitSeq(string(text), separator) {
		if label = strings.TrimSpace(label); label != "" {
			labels = append(labels, label)
		}
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("no labels in %q", arg)
	}
	return labels, nil
}

// predictions is a sink that prints the most probable labels of each picture.
type predictions struct {
	out        *bufio.Writer
	classifier *model.Classifier
	labels     []string
	top        int
	json       bool
}

// A prediction is a label with its probability.
type prediction struct {
	Label       string  `json:"label"`
	Probability float32 `json:"probability"`
}

func (p *predictions) Write(_ context.Context, in batch.ImageFeatures) error {
	features := in.Features()
	probabilities := make([]float32, len(p.labels))
	for i := range features.Rows {
		p.classifier.Probabilities(probabilities, features.Row(i))
		all := make([]prediction, len(p.labels))
		for k, label := range p.labels {
			all[k] = prediction{label, probabilities[k]}
		}
		slices.SortStableFunc(all, func(a, b prediction) int {
			switch {
			case a.Probability > b.Probability:
				return -1
			case a.Probability < b.Probability:
				return 1
			}
			return 0
		})
		id, _ := in.Label(int64(i))
		if err := p.print(id, all[:min(p.top, len(all))]); err != nil {
			return err
		}
	}
	return p.out.Flush()
}

func (p *predictions) print(id string, best []prediction) error {
	if p.json {
		return json.NewEncoder(p.out).Encode(struct {
			ID          string       `json:"id"`
			Predictions []prediction `json:"predictions"`
		}{id, best})
	}
	fmt.Fprintln(p.out, id)
	width := 0
	for _, b := range best {
		width = max(width, len([]rune(b.Label)))
	}
	for _, b := range best {
		if _, err := fmt.Fprintf(p.out, "  %6.2f %%  %-*s  %s\n", 100*b.Probability, width, b.Label, bar(b.Probability)); err != nil {
			return err
		}
	}
	return nil
}

func (p *predictions) Close() error { return p.out.Flush() }

// bar draws a share of one as a bar of up to 20 characters.
func bar(share float32) string { return strings.Repeat("█", int(share*20+0.5)) }
