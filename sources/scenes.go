package sources

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources/scenes"
)

// Scenes draws pictures of coloured shapes and says what is where in them, as package scenes does: pairs for demos,
// tests and benchmarks, the same for the same seed.
type Scenes struct {
	N      int64
	Seed   uint64
	Size   int    // of the square pictures, in pixels; 224, at most 4096
	Format string // png, or jpeg of quality 90; png

	Limits Limits

	collector *collector
	gauge     gauge
}

// maxSide bounds a drawn picture to 64 MiB while it is drawn.
const maxSide = 4096

// Open checks the fields.
func (s *Scenes) Open(context.Context) error {
	row, err := s.rows()
	if err != nil {
		return err
	}
	s.gauge.reset(s.N)
	i := int64(0)
	s.collector = collect(s.Limits, nil, func(context.Context) (pairRow, error) {
		if i == s.N {
			return pairRow{}, io.EOF
		}
		r, err := row(i)
		i++
		s.gauge.read.Add(1)
		return r, err
	})
	return nil
}

// Index draws the scenes in any order.
func (s *Scenes) Index(context.Context) (Index, error) {
	row, err := s.rows()
	if err != nil {
		return nil, err
	}
	return newIndex(s.N, s.Limits, nil, nil, func(i int64) (task, error) {
		r, err := row(i)
		return task{row: r}, err
	}, s.Close), nil
}

// rows checks the fields and returns what draws a scene.
func (s *Scenes) rows() (func(i int64) (pairRow, error), error) {
	if s.N < 0 {
		return nil, fmt.Errorf("%d scenes", s.N)
	}
	if s.Size < 0 || s.Size > maxSide {
		return nil, fmt.Errorf("scenes of %d pixels: the limit is %d", s.Size, maxSide)
	}
	draw := scenes.Scene.PNG
	switch s.Format {
	case "", "png":
	case "jpeg":
		draw = func(scene scenes.Scene, size int) ([]byte, error) { return scene.JPEG(size, 90) }
	default:
		return nil, fmt.Errorf("format %q is neither png nor jpeg", s.Format)
	}
	lane, size := fmt.Sprintf("scenes-%d", s.Seed), cmp.Or(s.Size, 224)
	return func(i int64) (pairRow, error) {
		scene := scenes.New(s.Seed, i)
		r := pairRow{lane: lane, offset: i, id: fmt.Sprintf("%s-%d", lane, i), caption: scene.Caption()}
		var err error
		r.image, err = draw(scene, size)
		return r, err
	}, nil
}

// Read returns the next pairs.
func (s *Scenes) Read(ctx context.Context) (batch.Pairs, error) { return s.collector.read(ctx) }

// Close does nothing.
func (s *Scenes) Close() error { return nil }

// Progress returns the share of the scenes that has been drawn.
func (s *Scenes) Progress() float64 { return s.gauge.Progress() }
