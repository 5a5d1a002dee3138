package scenes

import (
	"math/rand/v2"
	"slices"
)

// Distractors gives n captions that are wrong about the scene, each in one thing (a colour, a shape, a size, where
// something is, how many there are, the background), and worded as its own caption is. They are all different, and the
// same each time. Where the caption says too little to be wrong in n ways, there are fewer.
func (s Scene) Distractors(n int) []string {
	d := dice{rand.New(rand.NewPCG(uint64(s.wording), 0))}
	seen := map[string]bool{s.Caption(): true}
	var captions []string
	for try := 0; len(captions) < n && try < 50*(n+1); try++ {
		wrong := s
		wrong.Objects = slices.Clone(s.Objects)
		d.falsify(&wrong, Trait(try)%numTraits)
		if c := wrong.Caption(); !seen[c] {
			seen[c] = true
			captions = append(captions, c)
		}
	}
	return captions
}

// A Trait is a thing that captions say.
type Trait uint8

// The traits.
const (
	ByColor Trait = iota
	ByShape
	ByPlace // where something is, in which order, or how many
	BySize
	ByBackground
	numTraits
)

// falsify changes one thing that captions say, if it can. It never changes it to what they leave unsaid, which would
// not be wrong.
func (d dice) falsify(s *Scene, by Trait) {
	which := []*Object{&s.Objects[d.IntN(len(s.Objects))]}
	if s.counts() {
		which = which[:0]
		for i := range s.Objects {
			which = append(which, &s.Objects[i])
		}
	}
	color, shape, size := Color(d.IntN(int(numColors))), Shape(d.IntN(int(numShapes))), Small+Size(d.IntN(2))
	switch by {
	case ByColor:
		for _, o := range which {
			o.Color = color
		}
	case ByShape:
		for _, o := range which {
			o.Shape = shape
		}
	case ByPlace:
		d.misplace(s)
	case BySize:
		for _, o := range which {
			o.Size = size
		}
	case ByBackground:
		s.Background = LightBlue + Background(d.IntN(int(numBackgrounds-LightBlue)))
	}
}

// misplace says it of another place, in another order, or of another number.
func (d dice) misplace(s *Scene) {
	n := len(s.Objects)
	switch {
	case s.Arrangement == Alone:
		if p := Place(d.IntN(int(numPlaces))); p != Middle {
			s.Place = p
		}
	case s.counts() && d.once(2):
		if n < 5 {
			s.Objects = append(s.Objects, s.Objects[0])
		}
	case n == 2 && !s.counts() && d.once(2):
		s.Objects[0], s.Objects[1] = s.Objects[1], s.Objects[0]
	default:
		s.Arrangement = [...]Arrangement{Row: Column, Column: Row, Falling: Rising, Rising: Falling, Scattered: Row}[s.Arrangement]
	}
}
