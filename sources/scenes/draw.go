package scenes

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"

	"golang.org/x/image/vector"
)

// Draw draws the scene into a square of size by size pixels, size being at least 1.
func (s Scene) Draw(size int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		ground := s.top.mix(s.bottom, y, size)
		row := m.Pix[y*m.Stride:][:4*size]
		for x := 0; x < len(row); x += 4 {
			row[x], row[x+1], row[x+2], row[x+3] = ground[0], ground[1], ground[2], math.MaxUint8
		}
	}
	var brush vector.Rasterizer
	for _, o := range s.Objects { // all shadows before the first object: none falls on another
		o.X += 0.008
		o.Y += 0.012
		o.paint(m, &brush, color.RGBA{A: 36})
	}
	for _, o := range s.Objects {
		o.paint(m, &brush, color.RGBA{o.fill[0], o.fill[1], o.fill[2], math.MaxUint8})
	}
	return m
}

// mix is the colour that is i of n steps from c to d.
func (c rgb) mix(d rgb, i, n int) (m rgb) {
	for k := range m {
		m[k] = uint8((int(c[k])*(n-i) + int(d[k])*i) / n)
	}
	return m
}

// paint fills the object's outline.
func (o Object) paint(m *image.RGBA, brush *vector.Rasterizer, with color.RGBA) {
	size := float64(m.Rect.Dx())
	box := image.Rect(
		int(math.Floor((o.X-o.Radius)*size)), int(math.Floor((o.Y-o.Radius)*size)),
		int(math.Ceil((o.X+o.Radius)*size)), int(math.Ceil((o.Y+o.Radius)*size)),
	).Intersect(m.Rect)
	brush.Reset(box.Dx(), box.Dy())
	sin, cos := math.Sincos(o.turn)
	for _, line := range outlines[o.Shape] {
		for i, p := range line {
			x := float32((o.X+o.Radius*(p.x*cos-p.y*sin))*size - float64(box.Min.X))
			y := float32((o.Y+o.Radius*(p.x*sin+p.y*cos))*size - float64(box.Min.Y))
			if i == 0 {
				brush.MoveTo(x, y)
			} else {
				brush.LineTo(x, y)
			}
		}
		brush.ClosePath()
	}
	brush.Draw(m, box, image.NewUniform(with), image.Point{})
}

// MaxSize is the side of the largest picture that PNG and JPEG draw.
const MaxSize = 8192

// PNG draws the scene and encodes it. It is an error if size is not from 1 to MaxSize.
func (s Scene) PNG(size int) ([]byte, error) {
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	return s.encode(size, e.Encode)
}

// JPEG draws the scene and encodes it with a quality of 1 to 100. It is an error if size is not from 1 to MaxSize.
func (s Scene) JPEG(size, quality int) ([]byte, error) {
	return s.encode(size, func(w io.Writer, m image.Image) error {
		return jpeg.Encode(w, m, &jpeg.Options{Quality: quality})
	})
}

func (s Scene) encode(size int, format func(io.Writer, image.Image) error) ([]byte, error) {
	if size < 1 || size > MaxSize {
		return nil, fmt.Errorf("scene of %d pixels a side: want 1 to %d", size, MaxSize)
	}
	var b bytes.Buffer
	err := format(&b, s.Draw(size))
	return b.Bytes(), err
}
