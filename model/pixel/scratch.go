package pixel

import (
	"sync"

	"github.com/pairstream/pairstream/model/pixel/internal/kernel"
)

// scratch is what one call needs besides the decoded picture; calls hand it on to each other.
type scratch struct {
	level *kernel.Level // nil for the generic resampler
	fours fours

	x, y   axis
	plane  []uint64 // two source rows, [channels][columns + taps]
	row    [2][]byte
	ring   []uint64 // resized rows, [slots][half]
	sum    []uint64 // [half]
	result []byte   // [channels][size][size]
}

var scratches = sync.Pool{New: func() any { return &scratch{level: kernel.Active} }}
