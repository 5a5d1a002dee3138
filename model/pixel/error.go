package pixel

import "errors"

// The classes of pictures that cannot be used. Every error of a picture wraps one of them, and none is worth
// another try with the same bytes.
var (
	ErrEmpty             = errors.New("empty picture")
	ErrUnsupportedFormat = errors.New("unsupported picture format") // none of JPEG, PNG, WebP and GIF, or a coding of one that Pillow does not read
	ErrTruncated         = errors.New("truncated picture")          // the bytes end before the picture does
	ErrCorrupt           = errors.New("corrupt picture")            // the structure contradicts itself
	ErrTooLarge          = errors.New("picture too large")          // beyond Limits
	ErrDecode            = errors.New("picture does not decode")    // the decoder gave up on pixels whose structure is sound
)
