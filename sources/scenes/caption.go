package scenes

import (
	"fmt"
	"strings"
)

// A wording chooses among the ways to say each thing. It is thrown once, so that a scene always says it the same way,
// and so do the wrong captions beside it.
type wording uint64

// What is said, each by its own byte of the wording.
const (
	ofFrame = iota
	ofPlace
	ofBackground
	ofBrevity
	ofSize // of the first object; the next two bytes are for the second and the third
)

// of is one of the ways to say the k-th thing.
func (w wording) of(k int, ways ...string) string { return ways[w.die(k)%len(ways)] }

func (w wording) die(k int) int { return int(byte(w >> (8 * k))) }

// Caption says what is where: lower-case English of at most 32 words and commas, 15 on average.
func (s Scene) Caption() string {
	w := s.wording
	said := s.said()
	if s.Background != Plain {
		said += w.of(ofBackground, " on ", " with ", " against ") + article(s.Background.String()+" background")
	}
	if s.Arrangement == Alone && w.die(ofBrevity) < 16 {
		said = s.briefly()
	}
	there := "there is "
	if s.counts() {
		there = "there are "
	}
	return w.of(ofFrame, "", "", "", "a picture of ", "a photo of ", "a drawing of ", "an image of ", there) + said
}

// said says what the objects are and how they are arranged.
func (s Scene) said() string {
	switch {
	case s.Arrangement == Alone:
		return s.one()
	case s.counts():
		return s.counted()
	case len(s.Objects) == 3:
		return s.three()
	default:
		return s.two()
	}
}

func (s Scene) one() string {
	w := s.wording
	it, place := article(s.Objects[0].noun(w, 0)), s.Place.String()
	switch s.Place {
	case Middle:
		return it + w.of(ofPlace, "", "", " in the middle", " in the center")
	case Left, Right:
		return it + w.of(ofPlace, " on the "+place, " on the "+place+" side")
	case Top, Bottom:
		return it + w.of(ofPlace, " at the "+place, " near the "+place)
	default:
		return it + w.of(ofPlace, " in the "+place+" corner", " in the "+place, " at the "+place)
	}
}

// briefly says less than is to be seen of an object alone.
func (s Scene) briefly() string {
	o := s.Objects[0]
	return s.wording.of(ofPlace, article(o.Shape.String()), article(o.Color.String()+" shape"), "something "+o.Color.String())
}

func (s Scene) two() string {
	switch s.Arrangement {
	case Row:
		return s.say("%s to the left of %s", "%s left of %s", "%s on the left and %s on the right",
			"%[2]s to the right of %[1]s", "%[2]s right of %[1]s", "%[2]s on the right and %[1]s on the left")
	case Column:
		return s.say("%s above %s", "%s over %s", "%s at the top and %s at the bottom",
			"%[2]s below %[1]s", "%[2]s under %[1]s", "%[2]s at the bottom and %[1]s at the top")
	case Falling:
		return s.say("%s in the top left corner and %s in the bottom right corner",
			"%s at the top left and %s at the bottom right", "%[2]s at the bottom right and %[1]s at the top left")
	default:
		return s.say("%s in the bottom left corner and %s in the top right corner",
			"%s at the bottom left and %s at the top right", "%[2]s at the top right and %[1]s at the bottom left")
	}
}

func (s Scene) three() string {
	if s.Arrangement == Row {
		return s.say("%s, %s and %s in a row", "%s, %s and %s from left to right",
			"%s on the left, %s in the middle and %s on the right")
	}
	return s.say("%s, %s and %s in a column", "%s, %s and %s from top to bottom",
		"%s at the top, %s in the middle and %s at the bottom")
}

// say puts the names of the objects into one of the ways.
func (s Scene) say(ways ...string) string {
	names := make([]any, len(s.Objects))
	for i, o := range s.Objects {
		names[i] = article(o.noun(s.wording, i))
	}
	return fmt.Sprintf(s.wording.of(ofPlace, ways...), names...)
}

// counts is whether there are several objects, all alike, so that their number is said.
func (s Scene) counts() bool {
	for _, o := range s.Objects {
		if !alike(o, s.Objects[0]) {
			return false
		}
	}
	return len(s.Objects) > 1
}

func (s Scene) counted() string {
	w := s.wording
	they := [...]string{2: "two", 3: "three", 4: "four", 5: "five"}[len(s.Objects)] + " " + plural(s.Objects[0].noun(w, 0))
	switch s.Arrangement {
	case Row:
		return they + w.of(ofPlace, " in a row", " side by side", " next to each other")
	case Column:
		return they + w.of(ofPlace, " in a column", " one above another", " stacked in a column")
	default:
		return they
	}
}

// noun names the i-th object: "small red circle".
func (o Object) noun(w wording, i int) string {
	var size string
	switch o.Size {
	case Small:
		size = w.of(ofSize+i, "small ", "small ", "little ", "tiny ")
	case Big:
		size = w.of(ofSize+i, "big ", "big ", "large ")
	}
	return size + o.Color.String() + " " + o.Shape.String()
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func plural(noun string) string {
	if strings.HasSuffix(noun, "s") {
		return noun + "es"
	}
	return noun + "s"
}
