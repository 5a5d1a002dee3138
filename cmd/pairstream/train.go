package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/model/train"
)

func trainCommand() *cobra.Command {
	var t training
	var resume bool
	c := &cobra.Command{
		Use:   "train --source SOURCE --out DIR",
		Short: "Teach a model on pairs: the training trace, checkpoints, a model directory",
		Long: `Goes through the pairs of a source again and again, in a new order each time, and prints a line for each epoch: loss
and accuracy of pairs that are held out, in groups of ten as long as --group says nothing else (a model that knows nothing
has ln 10 = 2.30 and 0.1), and the loss of training, in batches of --batch.

DIR is then a model that --model, Hugging Face's transformers and open_clip open. Beside it are the figures of every step and
epoch (steps.jsonl, epochs.jsonl, both as .parquet too), loss.png and accuracy.png, and state.safetensors: from there
--resume goes on after whatever happened, and ends with the very weights that it would have had without a break.`,
		Example: `  pairstream train --source scenes:5000 --out model
  pairstream train --out model --resume
  pairstream train --source list:captions.tsv --from clip-vit-base-patch32 --freeze image --lr 1e-5 --batch 256 --chunk 16 --out tuned`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			state := filepath.Join(t.out, stateFile)
			_, err := os.Stat(state)
			switch {
			case resume && err != nil:
				return usageError{fmt.Errorf("--resume: %s: no state to go on from", state)}
			case !resume && err == nil:
				return usageError{fmt.Errorf("--out: %s has the state of a training: --resume goes on with it", t.out)}
			}
			if resume {
				notes, err := train.Notes(state)
				if err != nil {
					return err
				}
				if err := adoptFlags(c, notes); err != nil {
					return err
				}
			}
			return t.run(c, resume)
		},
	}
	t.add(c)
	c.Flags().BoolVar(&resume, "resume", false, "go on where the training in --out stands; flags not given are those it began with")
	return c
}

// decisive are the flags that decide the weights: they are kept with the state.
var decisive = []string{
	"source", "eval", "pairs", "epochs", "batch", "chunk", "seed", "augment", "hold", "distinct",
	"from", "arch", "activation", "freeze", "layers", "lr", "warmup", "decay", "clip",
}

// flagNote begins the name of a flag's note.
const flagNote = "flag."

// flagNotes are the values of the decisive flags.
func flagNotes(c *cobra.Command) map[string]string {
	notes := map[string]string{}
	for _, name := range decisive {
		notes[flagNote+name] = c.Flags().Lookup(name).Value.String()
	}
	return notes
}

// adoptFlags sets the decisive flags to what they were when training began, unless one was given another value.
func adoptFlags(c *cobra.Command, notes map[string]string) error {
	for _, name := range decisive {
		was, ok := notes[flagNote+name]
		if !ok {
			return errors.New("the state is not of this command: it does not say what --" + name + " was")
		}
		flag := c.Flags().Lookup(name)
		if flag.Changed && flag.Value.String() != was {
			return usageError{fmt.Errorf("--%s is %q, but training began with %q: leave it out to go on", name, flag.Value, was)}
		}
		if err := flag.Value.Set(was); err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
	}
	return nil
}
