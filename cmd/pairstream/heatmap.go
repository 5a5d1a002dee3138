package main

import (
	"context"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/pairstream/pairstream/pipeline/batch"
)

// heatmapSink draws the similarity of a window: a row a picture, a column a caption, the first on top and on the left.
type heatmapSink struct{ path string }

func (h *heatmapSink) Write(_ context.Context, in batch.Scores) error {
	p := plot.New()
	p.Title.Text = "similarity"
	p.X.Label.Text, p.Y.Label.Text = "caption", "picture"
	p.Y.Scale = plot.InvertedScale{Normalizer: p.Y.Scale}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(rowTicks), plot.TickerFunc(rowTicks)
	p.Add(plotter.NewHeatMap(grid{in.Similarity()}, moreland.SmoothBlueRed().Palette(255)))
	return p.Save(6*vg.Inch, 6*vg.Inch, h.path)
}

func (h *heatmapSink) Close() error { return nil }

// rowTicks marks ten rows or columns at the most, by their number.
func rowTicks(least, most float64) []plot.Tick {
	step := max(1, math.Ceil((most-least)/10))
	var ticks []plot.Tick
	for at := math.Ceil(least); at <= most; at += step {
		ticks = append(ticks, plot.Tick{Value: at, Label: strconv.Itoa(int(at))})
	}
	return ticks
}

// grid is a similarity matrix as a plotter sees it.
type grid struct{ m batch.Matrix[float32] }

func (g grid) Dims() (columns, rows int) { return g.m.Width, g.m.Rows }
func (g grid) X(c int) float64           { return float64(c) }
func (g grid) Y(r int) float64           { return float64(r) }
func (g grid) Z(c, r int) float64 {
	z := float64(g.m.Row(r)[c])
	if math.IsInf(z, 0) {
		return math.NaN()
	}
	return z
}
