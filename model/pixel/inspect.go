package pixel

import (
	"bytes"
	"fmt"
)

// Format is the file format of a picture.
type Format string

const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	WebP Format = "webp"
	GIF  Format = "gif"
)

// Mode is the kind of a picture's pixels, by Pillow's name for it. It decides how the picture is resized.
type Mode string

const (
	Bilevel   Mode = "1"
	Grey      Mode = "L"
	Grey16    Mode = "I;16"
	GreyAlpha Mode = "LA"
	Palette   Mode = "P"
	RGB       Mode = "RGB"
	RGBA      Mode = "RGBA"
	CMYK      Mode = "CMYK"
)

// Info is what the header of a picture says.
type Info struct {
	Format        Format
	Mode          Mode
	Width, Height int // in pixels, as stored: EXIF orientation is ignored
}

// Inspect checks a picture without decoding it, against the default limits, and returns what its header says.
// A picture that Inspect refuses, Apply refuses.
func Inspect(encoded []byte) (Info, error) {
	h, err := inspect(encoded, Limits{})
	return h.Info, err
}

// header is Info and what decoding needs besides.
type header struct {
	Info
	depth    int      // bytes a pixel in the decoder
	frame    gifFrame // where a GIF's first frame lies
	repaired []byte   // to be decoded instead, where not nil
}

func inspect(encoded []byte, limits Limits) (header, error) {
	if len(encoded) == 0 {
		return header{}, ErrEmpty
	}
	if err := limits.checkBytes(len(encoded)); err != nil {
		return header{}, err
	}
	switch {
	case bytes.HasPrefix(encoded, []byte("\xff\xd8\xff")):
		return checkJPEG(encoded, limits)
	case bytes.HasPrefix(encoded, []byte(pngSignature)):
		return checkPNG(encoded, limits)
	case bytes.HasPrefix(encoded, []byte("RIFF")) && len(encoded) >= 12 && string(encoded[8:12]) == "WEBP":
		return checkWebP(encoded, limits)
	case bytes.HasPrefix(encoded, []byte("GIF87a")), bytes.HasPrefix(encoded, []byte("GIF89a")):
		return checkGIF(encoded, limits)
	}
	return header{}, fmt.Errorf("%w: starts with %q", ErrUnsupportedFormat, encoded[:min(len(encoded), 12)])
}

// chunkLength returns the length that a chunk claims, or one beyond any file: int may have 32 bits.
func chunkLength(claimed uint32) int { return int(min(claimed, 1<<30)) }

// truncatedOr returns ErrTruncated where the bytes ran out, else otherwise.
func truncatedOr(otherwise error, ranOut bool) error {
	if ranOut {
		return ErrTruncated
	}
	return otherwise
}
