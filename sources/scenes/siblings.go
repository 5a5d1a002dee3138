package scenes

import (
	"math/rand/v2"
	"slices"
)

// Siblings gives n scenes that differ from this one in one thing each, one of the traits, in turn; with none given, of
// all. They are worded as it is, have different captions, and what captions don't say (exact colours, sizes, places) is
// thrown anew. [Scene.Distractors] are captions that are wrong about a scene; here they come with scenes of their own.
// They are the same each time. Of a scene with little to change there are fewer.
func (s Scene) Siblings(n int, by ...Trait) []Scene {
	if len(by) == 0 {
		by = all[Trait](numTraits)
	}
	d := dice{rand.New(rand.NewPCG(uint64(s.wording), 1))}
	seen := map[string]bool{s.Caption(): true}
	var list []Scene
	for try, first := 0, d.IntN(len(by)); len(list) < n && try < 10*(n+1); try++ {
		other := s
		other.Objects = slices.Clone(s.Objects)
		d.falsify(&other, by[(first+try)%len(by)])
		if c := other.Caption(); !seen[c] && d.redraw(&other) {
			seen[c] = true
			list = append(list, other)
		}
	}
	return list
}

// redraw throws what captions don't say anew, if there is room for all that they say, and all stands out.
func (d dice) redraw(s *Scene) bool {
	if !s.fits() {
		return false
	}
	tint := grounds[s.Background].shift(d.tint(5))
	s.top, s.bottom = tint.lighter(8), tint.lighter(-14)
	for i, o := range s.Objects {
		if !visible(o.Color, s.Background) {
			return false
		}
		s.Objects[i] = d.another(o)
	}
	switch s.Arrangement {
	case Alone:
		d.place(&s.Objects[0], s.Place)
	case Scattered:
		d.scatter(s)
	default:
		d.line(s)
	}
	return true
}

// fits is whether New draws objects as large as these in such an arrangement.
func (s Scene) fits() bool {
	largest := Big
	switch n := len(s.Objects); {
	case n > 3 && s.Arrangement != Scattered:
		largest = Small
	case n > 2 || s.Arrangement == Scattered:
		largest = Medium
	}
	return !slices.ContainsFunc(s.Objects, func(o Object) bool { return o.Size.radius() > largest.radius() })
}
