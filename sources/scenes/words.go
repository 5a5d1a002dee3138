package scenes

import "math"

// Shape is what an object is.
type Shape uint8

// The shapes. No two look alike, however small.
const (
	Circle Shape = iota
	Square
	Triangle
	Star
	Ring
	Cross
	Heart
	Diamond
	Crescent
	Arrow
	numShapes
)

func (s Shape) String() string {
	return [...]string{"circle", "square", "triangle", "star", "ring", "cross", "heart", "diamond", "crescent", "arrow"}[s]
}

// Shapes are all of them.
func Shapes() []Shape { return all[Shape](numShapes) }

// Color is what an object is painted with.
type Color uint8

// The colours.
const (
	Red Color = iota
	Orange
	Yellow
	Green
	Turquoise
	Blue
	Purple
	Pink
	Brown
	Black
	numColors
)

func (c Color) String() string {
	return [...]string{"red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "brown", "black"}[c]
}

// Colors are all of them.
func Colors() []Color { return all[Color](numColors) }

// Size is how large an object is. Medium is what no caption mentions.
type Size uint8

// The sizes: in a picture of 224 pixels, 36, 58 and 94 across.
const (
	Medium Size = iota
	Small
	Big
	numSizes
)

func (s Size) String() string { return [...]string{"medium", "small", "big"}[s] }

func (s Size) radius() float64 { return [...]float64{0.13, 0.08, 0.21}[s] }

// Background is what the objects lie on. Plain is what no caption mentions.
type Background uint8

// The backgrounds.
const (
	Plain Background = iota
	LightBlue
	LightGreen
	LightYellow
	LightPink
	Gray
	Dark
	numBackgrounds
)

func (b Background) String() string {
	return [...]string{"plain", "light blue", "light green", "light yellow", "light pink", "gray", "dark"}[b]
}

func all[E ~uint8](n E) (list []E) {
	for e := range n {
		list = append(list, e)
	}
	return list
}

type rgb [3]uint8

var paints = [numColors]rgb{
	Red:       {216, 36, 40},
	Orange:    {244, 130, 22},
	Yellow:    {246, 208, 36},
	Green:     {42, 156, 66},
	Turquoise: {48, 198, 196},
	Blue:      {36, 80, 208},
	Purple:    {130, 56, 176},
	Pink:      {246, 122, 178},
	Brown:     {126, 78, 42},
	Black:     {28, 28, 32},
}

var grounds = [numBackgrounds]rgb{
	Plain:       {244, 242, 238},
	LightBlue:   {196, 218, 246},
	LightGreen:  {202, 234, 200},
	LightYellow: {250, 240, 188},
	LightPink:   {250, 214, 222},
	Gray:        {168, 170, 174},
	Dark:        {56, 58, 70},
}

// visible is whether c stands out from b.
func visible(c Color, b Background) bool { return !(c == Black && b == Dark) }

// lighter adds by to each of the three, within their range.
func (c rgb) lighter(by int) rgb { return c.shift([3]int{by, by, by}) }

func (c rgb) shift(by [3]int) rgb {
	for i := range c {
		c[i] = uint8(min(max(int(c[i])+by[i], 0), math.MaxUint8))
	}
	return c
}
