// Package pixel turns an encoded picture into the pixels that CLIP's image tower takes: decoded, resized by
// Pillow's bicubic filter, cropped to the centre, converted to RGB and normalised.
//
// The result is that of the reference, torchvision's transforms over Pillow, byte for byte:
//
//	Resize(224, bicubic) → CenterCrop(224) → convert("RGB") → ToTensor → Normalize
//
// The conversion to RGB comes after the resize. So a palette is resized by nearest neighbour, colours under
// alpha are resized premultiplied and alpha is then dropped, and CMYK is resized as ink. EXIF orientation and
// colour profiles are ignored, as the reference ignores them.
//
// Formats are JPEG, PNG, WebP and GIF (its first frame). A picture is checked in Go before any C code sees it:
// format, structure, and [Limits]. Whatever the bytes are, the outcome is pixels or an error of one of the
// classes in error.go.
//
// The default build decodes JPEGs in colour or grey with libjpeg, WebPs of one frame with libwebp, and what else there is
// through libvips: these libraries give Pillow's own bytes. The build tag novips decodes with the standard library and golang.org/x/image/webp
// instead and needs no C; it is not byte-exact (JPEG differs by about half a level in the mean, lossy WebP by about
// eight).
//
// Pillow here is 9.4 to 12.1. From 13 on it filters a picture taller than 1:2 along y before x, which moves a
// sample by a few levels. Two results differ from it on purpose: of a 16-bit grey PNG, which Pillow clips
// to nearly white, the high byte is taken; and a JPEG of more than a hundred scans is refused.
package pixel

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
)

// DefaultSize is the side of CLIP's pictures.
const DefaultSize = 224

// CLIP's mean and standard deviation of the three channels, over full scale.
var (
	clipMean = [3]float32{0.48145466, 0.4578275, 0.40821073}
	clipStd  = [3]float32{0.26862954, 0.26130258, 0.27577711}
)

// worthCropping is how many bytes of pixels the decoder rather leaves out than hands out: to crop is an operation more,
// of about 0.1 ms.
const worthCropping = 1 << 20

// Transform says how a picture becomes pixels. The zero value is CLIP's: 224×224, CLIP's mean and deviation.
// Its methods may be called from many goroutines.
type Transform struct {
	Size      int        // side of the result; 0 means 224
	Mean, Std [3]float32 // red, green, blue over full scale; both zero means CLIP's
	Squash    bool       // resize to Size×Size and crop nothing, as SigLIP does
	Limits    Limits     // what a picture may cost

	// Fast decodes a large JPEG at a half, a quarter or an eighth of its size, as long as both sides keep twice Size.
	// On photographs that moves a sample by 0.3 of 255 in the mean and 16 at most. No effect under novips.
	Fast bool
}

// Apply writes the normalised picture to dst: [3·Size·Size], channels first, (v/255 − mean)/std in float32.
// A picture that cannot be used is an error of one of the classes in error.go; dst is then left as it was.
func (t Transform) Apply(dst []float32, encoded []byte) error {
	if err := t.check(len(dst)); err != nil {
		return err
	}
	mean, std := t.norm()
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	planes, err := t.planes(s, encoded)
	if err != nil {
		return err
	}
	normalise(dst, planes, mean, std)
	return nil
}

// Crop writes the picture before normalisation to dst: [Size·Size·3] bytes, row by row, RGB.
func (t Transform) Crop(dst []byte, encoded []byte) error {
	if err := t.check(len(dst)); err != nil {
		return err
	}
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	planes, err := t.planes(s, encoded)
	if err != nil {
		return err
	}
	n := len(dst) / 3
	for i := range n {
		dst[3*i], dst[3*i+1], dst[3*i+2] = planes[i], planes[n+i], planes[2*n+i]
	}
	return nil
}

// check checks t and the length of a result.
func (t Transform) check(n int) error {
	size := t.size()
	_, std := t.norm()
	switch {
	case size < 1:
		return fmt.Errorf("pixels: size %d", size)
	case n != 3*size*size:
		return fmt.Errorf("pixels: result of %d values, want 3·%d·%d", n, size, size)
	case std[0] == 0 || std[1] == 0 || std[2] == 0:
		return fmt.Errorf("pixels: standard deviation %v", std)
	}
	return nil
}

// planes returns the cropped picture as [3][Size][Size] bytes, which live in s.
func (t Transform) planes(s *scratch, encoded []byte) ([]byte, error) {
	h, err := inspect(encoded, t.Limits)
	if err != nil {
		return nil, err
	}
	size := t.size()
	shrink := 1
	if t.Fast && canShrink && h.Format == JPEG {
		shrink = fastShrink(min(h.Width, h.Height), size)
	}
	view := shortest(h.Width, h.Height, size)
	if t.Squash {
		view = squash(size)
	}
	whole := image.Rect(0, 0, h.Width/shrink, h.Height/shrink)
	if h.Mode == Palette || h.Mode == Bilevel {
		src, err := decode(encoded, h, shrink, whole)
		if err != nil {
			return nil, err
		}
		return s.nearest(src, view, size), nil
	}
	// A shrunk decode drops the last, partial sample, so the span that it stands for is not its own size.
	spanX, spanY := float64(h.Width)/float64(shrink), float64(h.Height)/float64(shrink)
	s.x.build(whole.Dx(), spanX, view.w, view.left, size)
	s.y.build(whole.Dy(), spanY, view.h, view.top, size)
	need := image.Rect(s.x.lo, s.y.lo, s.x.hi, s.y.hi)
	if (whole.Dx()*whole.Dy()-need.Dx()*need.Dy())*h.depth < worthCropping {
		need = whole
	}
	src, err := decode(encoded, h, shrink, need)
	if err != nil {
		return nil, err
	}
	s.x.shift(src.at.X)
	s.y.shift(src.at.Y)
	resized := view.w != h.Width || view.h != h.Height
	return s.bicubic(src, resized, size), nil
}

// Fingerprint returns 16 hex digits that change with everything that changes pixels: t and the kind of decoder.
func (t Transform) Fingerprint() string {
	mean, std := t.norm()
	sum := sha256.Sum256(fmt.Appendf(nil, "bicubic size=%d mean=%x std=%x squash=%t fast=%t decoder=%s",
		t.size(), mean, std, t.Squash, t.Fast && canShrink, decoderKind))
	return hex.EncodeToString(sum[:8])
}

func (t Transform) size() int {
	if t.Size == 0 {
		return DefaultSize
	}
	return t.Size
}

func (t Transform) norm() (mean, std [3]float32) {
	if t.Mean == mean && t.Std == std {
		return clipMean, clipStd
	}
	return t.Mean, t.Std
}
