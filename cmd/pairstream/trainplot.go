package main

import (
	"image/color"
	"io"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/pairstream/pairstream/model/checkpoint"
)

// Names of the pictures, within --out.
const (
	lossPicture     = "loss.png"
	accuracyPicture = "accuracy.png"
)

// draw draws loss and accuracy: of each step in grey, and of each epoch, in training and held out.
func (t *trace) draw() error {
	var stepLoss, stepAccuracy, loss, accuracy, heldLoss, heldAccuracy plotter.XYs
	for _, s := range t.steps {
		stepLoss = append(stepLoss, plotter.XY{X: float64(s.Step), Y: s.Loss})
		stepAccuracy = append(stepAccuracy, plotter.XY{X: float64(s.Step), Y: s.Accuracy})
	}
	for _, e := range t.epochs {
		at := float64(e.Step)
		loss = append(loss, plotter.XY{X: at, Y: e.Loss})
		accuracy = append(accuracy, plotter.XY{X: at, Y: e.Accuracy})
		if e.HeldPairs > 0 {
			heldLoss = append(heldLoss, plotter.XY{X: at, Y: e.GroupLoss})
			heldAccuracy = append(heldAccuracy, plotter.XY{X: at, Y: e.GroupAccuracy})
		}
	}
	if err := drawCurves(filepath.Join(t.dir, lossPicture), "loss", stepLoss, loss, heldLoss); err != nil {
		return err
	}
	return drawCurves(filepath.Join(t.dir, accuracyPicture), "accuracy", stepAccuracy, accuracy, heldAccuracy)
}

func drawCurves(path, what string, steps, epochs, held plotter.XYs) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = what, "step", what
	p.Legend.Top = what == "loss"
	p.Y.Min = 0
	for _, curve := range []struct {
		name   string
		points plotter.XYs
		color  color.Color
		width  vg.Length
	}{
		{"steps", steps, color.Gray{0xb0}, vg.Points(0.5)},
		{"epochs", epochs, color.RGBA{0x1f, 0x77, 0xb4, 0xff}, vg.Points(2)},
		{"held out, in groups", held, color.RGBA{0xd6, 0x27, 0x28, 0xff}, vg.Points(2)},
	} {
		if len(curve.points) == 0 {
			continue
		}
		line, err := plotter.NewLine(curve.points)
		if err != nil {
			return err
		}
		line.Color, line.Width = curve.color, curve.width
		p.Add(line)
		p.Legend.Add(curve.name, line)
	}
	picture, err := p.WriterTo(8*vg.Inch, 5*vg.Inch, "png")
	if err != nil {
		return err
	}
	return checkpoint.Replace(path, func(w io.Writer) error { _, err := picture.WriteTo(w); return err })
}
