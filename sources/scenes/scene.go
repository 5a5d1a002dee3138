// Package scenes draws: seeded pictures of coloured shapes, with captions that say what is where. They stand in for
// photographs wherever pairs are needed that anyone can make, any number of them, and a small model can learn.
//
// A scene is one object, or two or three different ones, or two to five alike. What its caption doesn't say is as it is
// by default: an object of middle size, a lone one in the middle, the background nearly white; so a caption tells one
// scene from another. (One in fifty says less, "a photo of a circle", for words to be learnt by themselves.)
package scenes

// A Scene is a picture and its caption, before it is drawn and worded. Scenes are made by [New] and not modified.
type Scene struct {
	Objects     []Object // 1 to 5, none touching another; in a line, from the left or else from the top
	Arrangement Arrangement
	Place       Place // of an object that is Alone
	Background  Background

	top, bottom rgb     // the background, from its top to its bottom
	wording     wording // which of the ways to say it
}

// An Object is one shape, within a square about (X, Y) whose sides are twice its Radius: parts of the picture's side,
// Y growing downward.
type Object struct {
	Shape Shape
	Color Color
	Size  Size

	X, Y, Radius float64
	turn         float64 // radians, small
	fill         rgb
}

// String describes the object as captions do: "a small red circle".
func (o Object) String() string { return article(o.noun(0, 0)) }

// alike is whether captions have the same words for a and b.
func alike(a, b Object) bool { return a.Shape == b.Shape && a.Color == b.Color && a.Size == b.Size }

// Arrangement is how the objects of a scene lie to one another.
type Arrangement uint8

const (
	Alone     Arrangement = iota // one object, at the scene's Place
	Row                          // side by side
	Column                       // one above the other
	Falling                      // two, from the top left to the bottom right
	Rising                       // two, from the bottom left to the top right
	Scattered                    // alike ones, in no line
)

func (a Arrangement) String() string {
	return [...]string{"alone", "row", "column", "falling", "rising", "scattered"}[a]
}

// A Place is one of nine, line by line from the top left to the bottom right.
type Place uint8

const (
	TopLeft Place = iota
	Top
	TopRight
	Left
	Middle
	Right
	BottomLeft
	Bottom
	BottomRight
	numPlaces
)

func (p Place) String() string {
	return [...]string{"top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right"}[p]
}

// column and line count from 0 to 2.
func (p Place) column() int { return int(p) % 3 }
func (p Place) line() int   { return int(p) / 3 }
