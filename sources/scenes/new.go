package scenes

import "math/rand/v2"

// New makes the scene of that seed and index, the same on every machine. Any index can be asked for, in any order.
func New(seed uint64, index int64) Scene {
	d := dice{rand.New(rand.NewPCG(seed, uint64(index)))}
	var s Scene
	if d.once(2) {
		s.Background = Background(1 + d.IntN(int(numBackgrounds)-1))
	}
	tint := grounds[s.Background].shift(d.tint(5))
	s.top, s.bottom = tint.lighter(8), tint.lighter(-14)

	switch r := d.IntN(20); {
	case r < 6:
		d.alone(&s)
	case r < 13:
		d.different(&s, 2)
	case r < 16:
		d.different(&s, 3)
	default:
		d.alike(&s, 2+d.IntN(4))
	}
	s.wording = wording(d.Uint64())
	return s
}

type dice struct{ *rand.Rand }

// once is true once in n.
func (d dice) once(n int) bool { return d.IntN(n) == 0 }

// about is v, or as much as jitter more or less.
func (d dice) about(v, jitter float64) float64 { return v + jitter*(2*d.Float64()-1) }

// tint is a small step to another colour.
func (d dice) tint(by int) (t [3]int) {
	for i := range t {
		t[i] = d.IntN(2*by+1) - by
	}
	return t
}

// object makes one that stands out from the background, as large as any of sizes.
func (d dice) object(on Background, sizes ...Size) Object {
	o := Object{Shape: Shape(d.IntN(int(numShapes))), Color: Color(d.IntN(int(numColors))), Size: sizes[d.IntN(len(sizes))]}
	for !visible(o.Color, on) {
		o.Color = Color(d.IntN(int(numColors)))
	}
	return d.another(o)
}

// another is one like o, but for what captions don't tell.
func (d dice) another(o Object) Object {
	o.Radius = d.about(1, radiusJitter) * o.Size.radius()
	o.turn = d.about(0, 0.12)
	o.fill = paints[o.Color].shift(d.tint(12))
	return o
}

const radiusJitter = 0.05

func (d dice) alone(s *Scene) {
	o := d.object(s.Background, Small, Medium, Big)
	s.Arrangement, s.Place = Alone, Place(d.IntN(int(numPlaces)))
	d.place(&o, s.Place)
	s.Objects = []Object{o}
}

// place puts an object that is alone where it belongs.
func (d dice) place(o *Object, at Place) {
	third := func(i int) float64 {
		margin := o.Radius + 0.03
		return min(max(d.about(0.2+0.3*float64(i), 0.03), margin), 1-margin)
	}
	o.X, o.Y = third(at.column()), third(at.line())
}

func (d dice) different(s *Scene, n int) {
	sizes := []Size{Small, Medium, Big}
	if n > 2 {
		sizes = []Size{Small, Medium}
	}
	for len(s.Objects) < n {
		o := d.object(s.Background, sizes...)
		if len(s.Objects) == 0 || !alike(o, s.Objects[len(s.Objects)-1]) {
			s.Objects = append(s.Objects, o)
		}
	}
	if n == 2 {
		s.Arrangement = Row + Arrangement(d.IntN(4)) // to Rising
	} else {
		s.Arrangement = Row + Arrangement(d.IntN(2))
	}
	d.line(s)
}

func (d dice) alike(s *Scene, n int) {
	s.Arrangement = [...]Arrangement{Row, Column, Scattered, Scattered}[d.IntN(4)]
	var o Object
	switch {
	case s.Arrangement != Scattered && n > 3: // no room
		o = d.object(s.Background, Small)
	case s.Arrangement != Scattered && n == 2:
		o = d.object(s.Background, Small, Medium, Big)
	default:
		o = d.object(s.Background, Small, Medium)
	}
	for range n {
		s.Objects = append(s.Objects, d.another(o))
	}
	if s.Arrangement == Scattered {
		d.scatter(s)
	} else {
		d.line(s)
	}
}

// line puts the objects in a line, so far from each other that none touch.
func (d dice) line(s *Scene) {
	n := len(s.Objects)
	step := [...]float64{2: 0.5, 3: 0.31, 4: 0.23, 5: 0.19}[n]
	largest := 0.0
	for _, o := range s.Objects {
		largest = max(largest, o.Size.radius()*(1+radiusJitter))
	}
	jitter := min((step-2*largest-0.01)/2, 0.02)
	across := d.about(0.5, 0.15)
	for i := range s.Objects {
		middle := 0.5 + step*(float64(i)-float64(n-1)/2)
		along := d.about(middle, jitter)
		o := &s.Objects[i]
		switch s.Arrangement {
		case Row:
			o.X, o.Y = along, d.about(across, 0.03)
		case Column:
			o.X, o.Y = d.about(across, 0.03), along
		case Falling:
			o.X, o.Y = along, d.about(middle, jitter)
		case Rising:
			o.X, o.Y = along, 1-d.about(middle, jitter)
		}
	}
}

// scatter puts the objects in some of the nine places, but not in one line.
func (d dice) scatter(s *Scene) {
	for {
		places := d.Perm(int(numPlaces))[:len(s.Objects)]
		var columns, lines [3]bool
		for i, p := range places {
			p := Place(p)
			columns[p.column()], lines[p.line()] = true, true
			s.Objects[i].X = d.about(0.5+0.31*float64(p.column()-1), 0.012)
			s.Objects[i].Y = d.about(0.5+0.31*float64(p.line()-1), 0.012)
		}
		if count(columns) > 1 && count(lines) > 1 {
			return
		}
	}
}

func count(set [3]bool) (n int) {
	for _, in := range set {
		if in {
			n++
		}
	}
	return n
}
