package scenes

import "math"

type point struct{ x, y float64 }

// outlines are the shapes, y growing downward; turned a little, too, they stay within 1 of the centre in x and in y.
// Where there is a second line, it runs the other way round and leaves a hole.
var outlines = [numShapes][][]point{
	Circle:   {arc(0, 0, 1, 0, 2*math.Pi)},
	Square:   {{{-0.82, -0.82}, {0.82, -0.82}, {0.82, 0.82}, {-0.82, 0.82}}},
	Triangle: {{{0, -0.92}, {0.9, 0.7}, {-0.9, 0.7}}},
	Star:     {star(5, 1, 0.42)},
	Ring:     {arc(0, 0, 1, 0, 2*math.Pi), arc(0, 0, 0.58, 2*math.Pi, 0)},
	Cross: {{{-0.3, -0.95}, {0.3, -0.95}, {0.3, -0.3}, {0.95, -0.3}, {0.95, 0.3}, {0.3, 0.3},
		{0.3, 0.95}, {-0.3, 0.95}, {-0.3, 0.3}, {-0.95, 0.3}, {-0.95, -0.3}, {-0.3, -0.3}}},
	Heart:    {heart()},
	Diamond:  {{{0, -1}, {0.62, 0}, {0, 1}, {-0.62, 0}}},
	Crescent: {crescent()},
	Arrow:    {{{0, -1}, {0.75, -0.1}, {0.28, -0.1}, {0.28, 0.95}, {-0.28, 0.95}, {-0.28, -0.1}, {-0.75, -0.1}}},
}

// arc runs around (x, y) from one angle to another, 0 being to the right and growing clockwise.
func arc(x, y, radius, from, to float64) []point {
	const steps = 64
	line := make([]point, steps)
	for i := range line {
		sin, cos := math.Sincos(from + (to-from)*float64(i)/(steps-1))
		line[i] = point{x + radius*cos, y + radius*sin}
	}
	return line
}

// star has a tip at the top.
func star(tips int, outer, inner float64) []point {
	line := make([]point, 2*tips)
	for i := range line {
		radius := outer
		if i%2 == 1 {
			radius = inner
		}
		sin, cos := math.Sincos(math.Pi * float64(i) / float64(tips))
		line[i] = point{radius * sin, -radius * cos}
	}
	return line
}

func heart() []point {
	const steps = 64
	line := make([]point, steps)
	for i := range line {
		t := 2 * math.Pi * float64(i) / steps
		line[i] = point{
			0.95 * math.Pow(math.Sin(t), 3),
			0.06 * (-13*math.Cos(t) + 5*math.Cos(2*t) + 2*math.Cos(3*t) + math.Cos(4*t) - 2),
		}
	}
	return line
}

// crescent opens to the right: a circle less another one that is smaller and further to the right.
func crescent() []point {
	const x, radius = 0.42, 0.78
	// The two circles meet at this height, seen from either centre at these angles.
	meet := (1 + x*x - radius*radius) / (2 * x)
	outer, inner := math.Acos(meet), math.Acos((meet-x)/radius)
	return append(arc(0, 0, 1, outer, 2*math.Pi-outer), arc(x, 0, radius, 2*math.Pi-inner, inner)...)
}
