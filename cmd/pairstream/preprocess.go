package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/stages"
)

func preprocessCommand() *cobra.Command {
	var with modelFlags
	var how runFlags
	var size int
	var out string
	var fast bool
	c := &cobra.Command{
		Use:   "preprocess --out FILE.npy IMAGE...",
		Short: "Step 2 alone: pictures as pixels, in a .npy file",
		Long: `Decodes, resizes, crops and normalises pictures, and writes them as float32 of the shape N×3×SIZE×SIZE, in the order
given: bit for bit what Pillow and torchvision make of them. Pictures that do not decode are left out and rejected.`,
		Example: `  pairstream preprocess --out pixels.npy cat.jpg dog.png
  pairstream preprocess --model clip-vit-large-patch14-336 --out pixels.npy *.jpg`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, pictures []string) error {
			stage := stages.Preprocess{Size: size, Fast: fast}
			if with.dir != "" {
				if c.Flags().Changed("size") {
					return usageError{fmt.Errorf("--size or --model, one of them")}
				}
				clip, err := model.Open(with.dir)
				if err != nil {
					return err
				}
				defer clip.Close()
				stage.Model = clip
			}
			side := stage.Transform().Size
			source := &sources.Pictures{Paths: pictures}
			pixels := pipeline.Through(pipeline.From(source), stage, pipeline.Workers(runtime.GOMAXPROCS(0)))
			sink := &sinks.Array[batch.Pixels]{Path: out, Column: batch.PixelValues, Shape: []int{3, side, side}}
			return how.run(c, source, pipeline.Into(pixels, sink))
		},
	}
	c.Flags().StringVar(&with.dir, "model", "", "directory of a CLIP whose size, mean and deviation to use")
	c.Flags().IntVar(&size, "size", 224, "side of the square, in pixels")
	c.Flags().StringVar(&out, "out", "", "the .npy file to write")
	must(c.MarkFlagRequired("out"))
	c.Flags().BoolVar(&fast, "fast", false, "decode large JPEGs at a part of their size: faster, not exact")
	how.add(c)
	return c
}
