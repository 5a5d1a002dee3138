package pixel

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
)

// A RandomCrop says which part of a picture is taken for training, as torchvision's RandomResizedCrop says it. The zero
// value is open_clip's.
type RandomCrop struct {
	Area  [2]float64 // least and most of the picture's area; zero is 0.9 and 1
	Shape [2]float64 // least and most of width / height; zero is 3/4 and 4/3
}

func (c RandomCrop) orDefault() RandomCrop {
	if c.Area == [2]float64{} {
		c.Area = [2]float64{0.9, 1}
	}
	if c.Shape == [2]float64{} {
		c.Shape = [2]float64{3. / 4, 4. / 3}
	}
	return c
}

// Check returns an error where no such part can be taken.
func (c RandomCrop) Check() error {
	c = c.orDefault()
	if !(0 < c.Area[0] && c.Area[0] <= c.Area[1] && c.Area[1] <= 1 && 0 < c.Shape[0] && c.Shape[0] <= c.Shape[1] && c.Shape[1] < 1e6) {
		return fmt.Errorf("random crop of area %v, shape %v: want ranges within 0 and 1, and above 0", c.Area, c.Shape)
	}
	return nil
}

// Draw chooses a part of a picture of w×h pixels. Its area is as likely anywhere in its range, and so are the logarithm
// of its shape and its place. Where ten such parts do not fit, it is the largest about the centre of a shape in range.
func (c RandomCrop) Draw(random *rand.Rand, w, h int) image.Rectangle {
	c = c.orDefault()
	between := func(from, to float64) float64 { return from + random.Float64()*(to-from) }
	for range 10 {
		area := float64(w) * float64(h) * between(c.Area[0], c.Area[1])
		shape := math.Exp(between(math.Log(c.Shape[0]), math.Log(c.Shape[1])))
		cw, ch := int(math.RoundToEven(math.Sqrt(area*shape))), int(math.RoundToEven(math.Sqrt(area/shape)))
		if cw > 0 && cw <= w && ch > 0 && ch <= h {
			top, left := random.IntN(h-ch+1), random.IntN(w-cw+1)
			return image.Rect(left, top, left+cw, top+ch)
		}
	}
	cw, ch := w, h
	switch shape := float64(w) / float64(h); {
	case shape < c.Shape[0]:
		ch = int(math.RoundToEven(float64(w) / c.Shape[0]))
	case shape > c.Shape[1]:
		cw = int(math.RoundToEven(float64(h) * c.Shape[1]))
	}
	left, top := (w-cw)/2, (h-ch)/2
	return image.Rect(left, top, left+cw, top+ch)
}

// ApplyRandom is Apply for a part of the picture: it is cut out, and then resized to Size×Size as if there were nothing
// around it.
func (t Transform) ApplyRandom(dst []float32, encoded []byte, crop RandomCrop, random *rand.Rand) error {
	if err := crop.Check(); err != nil {
		return err
	}
	if err := t.check(len(dst)); err != nil {
		return err
	}
	mean, std := t.norm()
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	h, err := inspect(encoded, t.Limits)
	if err != nil {
		return err
	}
	planes, err := t.part(s, encoded, h, crop.Draw(random, h.Width, h.Height))
	if err != nil {
		return err
	}
	normalise(dst, planes, mean, std)
	return nil
}

// part returns a part of the picture as [3][Size][Size] bytes, which live in s.
func (t Transform) part(s *scratch, encoded []byte, h header, part image.Rectangle) ([]byte, error) {
	size, need := t.size(), part
	whole := image.Rect(0, 0, h.Width, h.Height)
	palette := h.Mode == Palette || h.Mode == Bilevel
	if palette || (whole.Dx()*whole.Dy()-part.Dx()*part.Dy())*h.depth < worthCropping {
		need = whole
	}
	src, err := decode(encoded, h, 1, need)
	if err != nil {
		return nil, err
	}
	if palette {
		return s.nearest(src.cut(part), squash(size), size), nil
	}
	s.x.build(part.Dx(), float64(part.Dx()), size, 0, size)
	s.y.build(part.Dy(), float64(part.Dy()), size, 0, size)
	s.x.shift(src.at.X - part.Min.X)
	s.y.shift(src.at.Y - part.Min.Y)
	return s.bicubic(src, part.Dx() != size || part.Dy() != size, size), nil
}

// cut returns a part of a raster.
func (r raster) cut(part image.Rectangle) raster {
	part = part.Sub(r.at)
	cut := r
	cut.w, cut.h, cut.at = part.Dx(), part.Dy(), r.at.Add(part.Min)
	cut.pix = make([]byte, 0, cut.w*cut.h*r.bands)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		cut.pix = append(cut.pix, r.pix[(y*r.w+part.Min.X)*r.bands:][:cut.w*r.bands]...)
	}
	return cut
}
