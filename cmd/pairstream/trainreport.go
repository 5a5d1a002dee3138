package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/train"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/observe"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/stages"
)

// trainReport tells of training while it goes on: a line of a table an epoch, and JSON where standard error is no
// terminal.
type trainReport struct {
	*training
	c       *cobra.Command
	trainer *train.Trainer
	judged  pipeline.Source[batch.Pairs] // nil for none
	total   int                          // steps
	trace   *trace
	busy    float64 // seconds of this run's steps
	steps   int     // of this run
}

func (r *trainReport) begin(clip *model.CLIP) {
	out := r.c.OutOrStdout()
	fmt.Fprintf(out, "%.1f million parameters; %d pairs, %d steps of %d\n\n", float64(clip.Parameters())/1e6, r.pairs, r.total, r.batch)
	fmt.Fprintln(out, "epoch    loss  accuracy  held out: loss  accuracy  pairs/s     left  observation")
	for _, e := range r.trace.epochs {
		r.print(&e, "done")
	}
}

// print prints the line of an epoch.
func (r *trainReport) print(e *epochRecord, left string) {
	held := fmt.Sprintf("%6.3f    %6.3f", e.GroupLoss, e.GroupAccuracy)
	if e.HeldPairs == 0 {
		held = fmt.Sprintf("%6s    %6s", "-", "-")
	}
	fmt.Fprintf(r.c.OutOrStdout(), "%5d  %6.3f    %6.3f          %s  %7.0f  %7s  %s\n",
		e.Epoch, e.Loss, e.Accuracy, held, e.PairsPerSecond, left, e.Observation)
}

// step keeps the figures of a step.
func (r *trainReport) step(s stages.Step) error {
	r.busy, r.steps = r.busy+s.Seconds, r.steps+1
	return r.trace.addStep(stepRecord{
		Step: s.Step, Epoch: s.Epoch, Loss: s.Loss, Accuracy: s.ImageToText, TextAccuracy: s.TextToImage, Rate: s.Rate,
		LogitScale: s.LogitScale, Gradient: s.Gradient, Duplicates: s.Duplicates, Seconds: s.Seconds,
	})
}

// epoch judges the model, and tells of the epoch.
func (r *trainReport) epoch(ctx context.Context, number int64) error {
	e := r.trace.mean(number, r.batch)
	if r.judged != nil {
		live := r.trainer.Live()
		judge := &stages.Evaluate{LogitScale: live.LogitScale(), Group: r.group}
		vectors := stages.Embed{Model: live}.Draw(pipeline.From(r.judged))
		skip := pipeline.Runner{Rejects: ignored{}} // they are told when they are learnt from
		if err := skip.Run(ctx, pipeline.Into(vectors, judge)); err != nil {
			return fmt.Errorf("--eval: %w", err)
		}
		if judge.Result.Pairs == 0 {
			return fmt.Errorf("--eval %s: no pair to judge by", r.eval)
		}
		e.judge(judge.Result, judge.Grouped)
	}
	if err := r.trace.addEpoch(&e); err != nil {
		return err
	}
	left := time.Duration(float64(r.total-r.trainer.Steps()) * r.busy / float64(max(r.steps, 1)) * float64(time.Second))
	r.print(&e, left.Round(time.Second).String())
	if r.how.logs != nil {
		log := observe.JSON(r.how.logs, r.how.verbose)
		log.Info().Int64("epoch", number).Int("step", e.Step).Float64("loss", e.Loss).Float64("accuracy", e.Accuracy).
			Float64("held_loss", e.GroupLoss).Float64("held_accuracy", e.GroupAccuracy).Float64("pairs_per_second", e.PairsPerSecond).
			Float64("seconds_left", left.Seconds()).Str("observation", e.Observation).Msg("epoch")
	}
	return nil
}

// finish writes the model and draws the figures.
func (r *trainReport) finish() error {
	m := r.trainer.Model()
	if err := m.Save(r.out); err != nil {
		return err
	}
	if err := m.SaveHuggingFace(r.out); err != nil {
		return err
	}
	if err := r.trace.publish(r.c.Context()); err != nil {
		return err
	}
	out := r.c.OutOrStdout()
	if last := r.trace.last(); last != nil && last.HeldPairs > 0 {
		fmt.Fprintf(out, "\nof %d held-out pairs, each among all of them:\n", last.HeldPairs)
		fmt.Fprintln(out, "                  recall@1  recall@5  recall@10  mean rank  median rank")
		fmt.Fprintf(out, "image to caption  %8.3f  %8.3f  %9.3f  %9.1f  %11.0f\n", last.Recall1, last.Recall5, last.Recall10, last.MeanRank, last.MedianRank)
		fmt.Fprintf(out, "caption to image  %8.3f  %8.3f  %9.3f  %9.1f  %11.0f\n", last.TextRecall1, last.TextRecall5, last.TextRecall10, last.TextMeanRank, last.TextMedianRank)
	}
	fmt.Fprintf(out, "\n%s: the model, and %s, %s\n", r.out, lossPicture, accuracyPicture)
	return nil
}

// firstRejects lets a reject pass the first time that it comes, of every epoch.
type firstRejects struct {
	file *sinks.Rejects
	seen map[string]bool
}

func (f *firstRejects) Open(ctx context.Context) error { return f.file.Open(ctx) }
func (f *firstRejects) Close() error                   { return f.file.Close() }

func (f *firstRejects) Write(ctx context.Context, in pipeline.Rejects) error {
	var news pipeline.Rejects
	for _, r := range in {
		if row := r.Origin + " " + r.ID; !f.seen[row] {
			f.seen[row] = true
			news = append(news, r)
		}
	}
	if len(news) == 0 {
		return nil
	}
	return f.file.Write(ctx, news)
}

// ignored is a sink for rejects that are told elsewhere.
type ignored struct{}

func (ignored) Write(context.Context, pipeline.Rejects) error { return nil }
func (ignored) Close() error                                  { return nil }
