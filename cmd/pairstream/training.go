package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/model/checkpoint"
	"github.com/pairstream/pairstream/model/optim"
	"github.com/pairstream/pairstream/model/train"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/stages"
)

// stateFile is where the state of training is, within --out.
const stateFile = "state.safetensors"

// replaced are the files in --out that are replaced in one step, and may have left a draft where that was cut short.
var replaced = []string{
	stateFile, stepsName + ".jsonl", epochsName + ".jsonl", lossPicture, accuracyPicture,
	"open_clip_model.safetensors", "open_clip_config.json", "model.safetensors", "config.json", "preprocessor_config.json",
	"merges.txt", "vocab.json", "tokenizer_config.json",
}

// training is what the flags of train say.
type training struct {
	source, eval, out      string
	from, arch, activation string
	freeze                 string
	layers                 int
	epochs, pairs          int64
	batch, chunk, hold     int
	warmup, every, group   int
	lr, decay, clip        float64
	seed                   uint64
	augment, distinct      bool
	how                    runFlags
}

func (t *training) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&t.source, "source", "", "pairs to learn from, as in the other commands but kafka://")
	f.StringVar(&t.out, "out", "", "directory for model, state and figures")
	must(c.MarkFlagRequired("out"))
	f.StringVar(&t.eval, "eval", "0.1", "pairs to judge by: a source, or which share of --source to hold out; 0: none")
	f.Int64Var(&t.epochs, "epochs", 20, "how often to go through the source")
	f.Int64Var(&t.pairs, "pairs", 0, "how many pairs --source has, held-out ones left out (default: it is counted)")
	f.IntVar(&t.batch, "batch", 128, "pairs a step")
	f.IntVar(&t.chunk, "chunk", 0, "pairs whose activations are kept at a time: less memory for a third more time (default: all of the batch)")
	f.IntVar(&t.hold, "hold", 2048, "pairs shuffled among each other where a source cannot be shuffled as a whole (tar, Parquet)")
	f.Uint64Var(&t.seed, "seed", 1, "of weights, order and augmentation")
	f.BoolVar(&t.augment, "augment", false, "take a random 90 to 100 % of each picture, as open_clip does")
	f.BoolVar(&t.distinct, "distinct", false, "do not hold pairs of the same caption against each other")
	f.StringVar(&t.from, "from", "", "directory of a model to begin with")
	f.StringVar(&t.arch, "arch", "tiny", "what to begin with otherwise, untrained: tiny, or an architecture such as ViT-B-32")
	f.StringVar(&t.activation, "activation", "", "quick_gelu or gelu, for a --from that does not say")
	f.StringVar(&t.freeze, "freeze", "", "image or text: a tower that does not learn")
	f.IntVar(&t.layers, "layers", 0, "only so many of the last layers learn: of the frozen tower, or else of both")
	f.Float64Var(&t.lr, "lr", 1e-3, "highest learning rate")
	f.IntVar(&t.warmup, "warmup", 50, "steps until it is reached")
	f.Float64Var(&t.decay, "decay", 0.1, "weight decay")
	f.Float64Var(&t.clip, "clip", 1, "how long the gradient may be; 0: any length")
	f.IntVar(&t.every, "save", 100, "steps between two states on disk; one is kept after each epoch too")
	f.IntVar(&t.group, "group", 10, "held-out pairs that are told apart at a time")
	t.how.add(c)
	t.how.quiet = true
}

// model gives what training begins with.
func (t *training) model() (*model.CLIP, error) {
	if t.from != "" {
		activation, err := model.ParseActivation(t.activation)
		if err != nil {
			return nil, usageError{err}
		}
		return model.OpenWith(t.from, model.Options{Activation: activation})
	}
	config := model.Tiny().Config()
	if t.arch != "tiny" {
		var err error
		if config, err = model.Preset(t.arch); err != nil {
			return nil, usageError{fmt.Errorf("--arch: tiny, or %w", err)}
		}
	}
	return model.New(config, t.seed), nil
}

// frozen is what does not learn.
func (t *training) frozen() (model.Frozen, error) {
	all := t.freeze == "" && t.layers > 0
	if t.freeze != "" && t.freeze != "image" && t.freeze != "text" {
		return model.Frozen{}, usageError{fmt.Errorf("--freeze %s: image or text", t.freeze)}
	}
	return model.Frozen{Image: all || t.freeze == "image", Text: all || t.freeze == "text", Layers: t.layers}, nil
}

// sources gives what is learnt from and what is judged by, nil for nothing.
func (t *training) sources() (*sources.Epochs, pipeline.Source[batch.Pairs], error) {
	if t.source == "" {
		return nil, nil, usageError{errors.New("--source: nothing to learn from")}
	}
	if strings.HasPrefix(t.source, "kafka:") {
		return nil, nil, usageError{errors.New("--source: a topic cannot be gone through again and again: store it as Parquet first")}
	}
	if t.source == "-" || t.source == "list:-" {
		return nil, nil, usageError{errors.New("--source: standard input cannot be gone through again and again: make it a file")}
	}
	source, err := (&sourceFlags{t.source}).open()
	if err != nil {
		return nil, nil, err
	}
	learnt := &sources.Epochs{Source: source, Count: t.epochs, Seed: t.seed, Hold: t.hold}
	share, err := strconv.ParseFloat(t.eval, 64)
	if err != nil {
		judged, err := (&sourceFlags{t.eval}).open()
		return learnt, judged, err
	}
	if share < 0 || share >= 1 {
		return nil, nil, usageError{fmt.Errorf("--eval %s: want a source, or a share from 0 to less than 1", t.eval)}
	}
	if share == 0 {
		return learnt, nil, nil
	}
	again, err := (&sourceFlags{t.source}).open()
	if err != nil {
		return nil, nil, err
	}
	held, others := sources.HeldOut(share, t.seed)
	learnt.Only = others
	return learnt, &sources.Epochs{Source: again, Only: held, Hold: t.hold}, nil
}

// run trains.
func (t *training) run(c *cobra.Command, resume bool) error {
	frozen, err := t.frozen()
	if err != nil {
		return err
	}
	learnt, judged, err := t.sources()
	if err != nil {
		return err
	}
	if t.pairs == 0 {
		if t.pairs, err = sources.Count(c.Context(), learnt.Source, learnt.Only); err != nil {
			return err
		}
		must(c.Flags().Set("pairs", strconv.FormatInt(t.pairs, 10))) // resuming need not count again
	}
	if t.batch < 2 || t.epochs < 1 {
		return usageError{fmt.Errorf("--batch %d, --epochs %d: want 2 and 1, or more", t.batch, t.epochs)}
	}
	steps := int(t.pairs / int64(t.batch) * t.epochs)
	if steps == 0 {
		return fmt.Errorf("%s has %d pairs to learn from: fewer than a batch of %d", t.source, t.pairs, t.batch)
	}
	clip, err := t.model()
	if err != nil {
		return err
	}
	defer clip.Close()
	trainer, err := train.New(clip, train.Options{
		Options: optim.Options{Decay: t.decay},
		Rate:    optim.Cosine{Peak: t.lr, Warmup: min(t.warmup, steps-1), Steps: steps},
		Clip:    t.clip, Frozen: frozen, Chunk: t.chunk, Distinct: t.distinct,
	})
	if err != nil {
		return usageError{err}
	}
	if err := os.MkdirAll(t.out, 0o777); err != nil {
		return err
	}
	for _, name := range replaced {
		if err := checkpoint.Clean(filepath.Join(t.out, name)); err != nil {
			return err
		}
	}
	state := filepath.Join(t.out, stateFile)
	if resume {
		if learnt.Start, err = stages.Resume(trainer, state); err != nil {
			return err
		}
	}
	trace, err := openTrace(t.out, trainer.Steps(), learnt.Start.Epoch)
	if err != nil {
		return err
	}
	trace.distinct = t.distinct
	report := &trainReport{training: t, c: c, trainer: trainer, judged: judged, total: steps, trace: trace}
	school := &stages.Train{
		Trainer: trainer, Batch: t.batch, OnStep: report.step, OnEpoch: report.epoch,
		State: state, Every: t.every, Notes: flagNotes(c), Ended: learnt.Ended,
	}
	if t.how.rejects != "" {
		t.how.sink = &firstRejects{file: &sinks.Rejects{Path: t.how.rejects}, seen: map[string]bool{}}
	}
	report.begin(clip)
	err = t.how.run(c, learnt, pipeline.Into(t.draw(learnt, clip), school))
	if closed := trace.close(); err == nil || err == errRejects {
		err = errors.Join(closed, err)
	}
	if err != nil && !errors.Is(err, errRejects) {
		if _, gone := os.Stat(state); gone == nil {
			return fmt.Errorf("%w (%s is as it was before: --resume)", err, state)
		}
		return err
	}
	if !learnt.Ended() {
		fmt.Fprintf(c.ErrOrStderr(), "stopped after step %d of %d: --resume goes on\n", trainer.Steps(), steps)
		return err
	}
	return errors.Join(report.finish(), err)
}

// draw draws the steps from pairs to examples.
func (t *training) draw(source *sources.Epochs, clip *model.CLIP) pipeline.Stream[batch.Examples] {
	left, right := pipeline.Tee(pipeline.From(source, pipeline.Name("ingest")))
	var preprocess pipeline.Stage[batch.Pairs, batch.Pixels] = stages.Preprocess{Model: clip}
	if t.augment {
		preprocess = stages.Augment{Model: clip, Seed: t.seed}
	}
	pixels := pipeline.Through(left, preprocess, pipeline.Workers(runtime.GOMAXPROCS(0)), pipeline.Name("preprocess"))
	tokens := pipeline.Through(right, stages.Tokenize{Model: clip})
	return pipeline.Zip(pixels, tokens, batch.JoinExamples)
}
