package model

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/pairstream/pairstream/model/tensor"
)

// Precision is how weights and activations are held while a picture or caption is encoded. Sums are exact in the
// integer precisions; norms, softmax, the last attention and the projection to the embedding are float32 in all.
type Precision = tensor.Precision

// The precisions, from the most exact to the fastest.
const (
	Float32 = tensor.Float32 // the reference
	Int16   = tensor.Int16   // twice as fast
	Int8    = tensor.Int8    // faster again, and visibly less exact
)

// ParsePrecision reads f32, int16 or int8.
func ParsePrecision(name string) (Precision, error) {
	switch name {
	case "f32":
		return Float32, nil
	case "int16":
		return Int16, nil
	case "int8":
		return Int8, nil
	}
	return 0, fmt.Errorf("precision %q is none of f32, int16, int8", name)
}

// WithPrecision returns the model for encoding in a precision. It shares weights and files with c: close one of the two,
// when both have done.
func (c *CLIP) WithPrecision(p Precision) *CLIP {
	if p == c.precision {
		return c
	}
	other := *c
	other.precision = p
	other.assemble()
	return &other
}

// Precision is what the model encodes in.
func (c *CLIP) Precision() Precision { return c.precision }

// withPrecision is a model's fingerprint in a precision.
func withPrecision(fingerprint string, p Precision) string {
	if p == Float32 {
		return fingerprint
	}
	return fmt.Sprintf("%016x", xxhash.Sum64String(fingerprint+p.String()))
}
