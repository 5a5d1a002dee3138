package scenes

import (
	"fmt"
	"image"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A sight is an object as it is found in a picture, by its pixels alone.
type sight struct {
	color      Color
	shape      Shape
	box        image.Rectangle
	x, y, size float64 // of the box, in parts of the picture's side
}

// look finds the objects of a picture with that background.
func look(m *image.RGBA, on Background) (seen []sight) {
	const none = numColors
	side := m.Rect.Dx()
	class := make([]Color, side*side)
	for i := range class {
		p := rgb(m.Pix[4*i : 4*i+3])
		class[i] = none
		for c := range numColors {
			if visible(c, on) && squared(p, paints[c]) < 30*30 {
				class[i] = c
			}
		}
	}
	done := make([]bool, len(class))
	for start, c := range class {
		if c == none || done[start] {
			continue
		}
		s, pixels := sight{color: c}, 0
		for todo := []int{start}; len(todo) > 0; {
			i := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if done[i] {
				continue
			}
			done[i] = true
			x, y := i%side, i/side
			s.box = s.box.Union(image.Rect(x, y, x+1, y+1))
			pixels++
			for _, n := range []int{i - 1, i + 1, i - side, i + side} {
				if n >= 0 && n < len(class) && class[n] == c {
					todo = append(todo, n)
				}
			}
		}
		if pixels < side/4 { // an edge between two colours that passes for a third
			continue
		}
		at := s.box.Min.Add(s.box.Max)
		s.x, s.y = float64(at.X)/float64(2*side), float64(at.Y)/float64(2*side)
		s.size = float64(max(s.box.Dx(), s.box.Dy())) / float64(side)
		s.shape = recognize(class, side, s)
		seen = append(seen, s)
	}
	return seen
}

// squared is the distance of two colours, squared.
func squared(a, b rgb) (sum int) {
	for i := range a {
		d := int(a[i]) - int(b[i])
		sum += d * d
	}
	return sum
}

const grid = 16

// mask is which of grid×grid points of the sight's box have its colour.
func mask(class []Color, side int, s sight) (m [grid * grid]bool) {
	for k := range m {
		x := s.box.Min.X + (2*(k%grid)+1)*s.box.Dx()/(2*grid)
		y := s.box.Min.Y + (2*(k/grid)+1)*s.box.Dy()/(2*grid)
		m[k] = class[y*side+x] == s.color
	}
	return m
}

// models are the masks of the shapes, each turned left, not at all, and right.
var models = func() (models [numShapes][3][grid * grid]bool) {
	const side = 300
	for shape := range numShapes {
		for i, turn := range []float64{-0.1, 0, 0.1} {
			o := Object{Shape: shape, X: 0.5, Y: 0.5, Radius: 0.4, turn: turn, fill: paints[Blue]}
			m := Scene{Objects: []Object{o}, top: grounds[Plain], bottom: grounds[Plain]}.Draw(side)
			class, s := make([]Color, side*side), sight{color: Blue}
			for k := range class {
				if squared(rgb(m.Pix[4*k:4*k+3]), paints[Blue]) < 30*30 {
					class[k] = Blue
					s.box = s.box.Union(image.Rect(k%side, k/side, k%side+1, k/side+1))
				}
			}
			models[shape][i] = mask(class, side, s)
		}
	}
	return models
}()

func recognize(class []Color, side int, s sight) (best Shape) {
	got := mask(class, side, s)
	least := math.MaxInt
	for shape := range numShapes {
		for _, model := range models[shape] {
			differ := 0
			for k := range got {
				if got[k] != model[k] {
					differ++
				}
			}
			if differ < least {
				least, best = differ, shape
			}
		}
	}
	return best
}

var (
	nouns = regexp.MustCompile(`(?:(two|three|four|five) )?(?:(small|little|tiny|big|large) )?(` + names(Colors()) + `) (` +
		names(Shapes()) + `)(?:e?s\b)?`)
	brief = regexp.MustCompile(`^(?:.* )?(?:an? (` + names(Shapes()) + `)|an? (` + names(Colors()) + `) shape|something (` +
		names(Colors()) + `))$`)
	ground = regexp.MustCompile(` (?:on|with|against) an? ([a-z ]+) background$`)
)

func names[E fmt.Stringer](list []E) string {
	var words []string
	for _, e := range list {
		words = append(words, e.String())
	}
	return strings.Join(words, "|")
}

// lies says of two objects, the first named and the second, which is further right (dx) and which is lower (dy).
var lies = []struct {
	words  string
	dx, dy int
}{
	{"left of", 1, 0}, {"right of", -1, 0}, {"on the left and", 1, 0}, {"on the right and", -1, 0},
	{"above", 0, 1}, {"over", 0, 1}, {"below", 0, -1}, {"under", 0, -1}, {"at the top and", 0, 1}, {"at the bottom and", 0, -1},
	{"top left", 1, 1}, {"bottom right", -1, -1}, {"bottom left", 1, -1}, {"top right", -1, 1},
}

// judge reads a caption, knowing nothing of the scene, and says what in the picture contradicts it.
func judge(caption string, m *image.RGBA, seen []sight) error {
	rest := caption
	if g := ground.FindStringSubmatch(caption); g != nil {
		rest = strings.TrimSuffix(rest, g[0])
		if is := groundOf(m); is.String() != g[1] {
			return fmt.Errorf("the background is %v", is)
		}
	}
	if b := brief.FindStringSubmatch(rest); b != nil {
		if o := seen[0]; len(seen) != 1 || b[1] != "" && b[1] != o.shape.String() || b[2]+b[3] != "" && b[2]+b[3] != o.color.String() {
			return fmt.Errorf("it is a %v %v", o.color, o.shape)
		}
		return nil
	}
	said := nouns.FindAllStringSubmatch(rest, -1)
	rest = strings.TrimSpace(nouns.ReplaceAllString(rest, "#"))
	if len(said) == 0 {
		return fmt.Errorf("it names no object")
	}
	if number := slices.Index([]string{"", "", "two", "three", "four", "five"}, said[0][1]); number > 1 {
		if len(seen) != number {
			return fmt.Errorf("there are %d", len(seen))
		}
		for range number - 1 {
			said = append(said, said[0])
		}
		return judgeMany(said, rest, seen)
	}
	if len(said) != len(seen) {
		return fmt.Errorf("there are %d", len(seen))
	}
	switch {
	case len(said) == 1:
		if !is(seen[0], said[0]) {
			return fmt.Errorf("it is %+v", seen[0])
		}
		return judgePlace(rest, seen[0])
	case len(said) == 3:
		return judgeMany(said, rest, seen)
	}
	between := strings.Split(rest, "#")[1]
	for _, l := range lies {
		if !strings.Contains(between, l.words) {
			continue
		}
		for i, first := range seen {
			second := seen[1-i]
			if is(first, said[0]) && is(second, said[1]) && along(second.x-first.x, l.dx) && along(second.y-first.y, l.dy) {
				return nil
			}
		}
		return fmt.Errorf("they are %+v", seen)
	}
	return fmt.Errorf("%q says nothing of where", between)
}

// along is whether d goes where sign says; a sign of 0 is for things at the same height.
func along(d float64, sign int) bool {
	if sign == 0 {
		return math.Abs(d) < 0.12
	}
	return d*float64(sign) > 0.2
}

func is(o sight, noun []string) bool {
	size := ""
	switch {
	case o.size < 0.19:
		size = "small little tiny"
	case o.size > 0.32:
		size = "big large"
	}
	return noun[3] == o.color.String() && noun[4] == o.shape.String() &&
		(noun[2] == "") == (size == "") && strings.Contains(size, noun[2])
}

func judgePlace(words string, o sight) error {
	for axis, at := range map[string]float64{"left right": o.x, "top bottom": o.y} {
		low, high, _ := strings.Cut(axis, " ")
		third := 1
		if strings.Contains(words, low) {
			third = 0
		} else if strings.Contains(words, high) {
			third = 2
		}
		if at < 0.4 && third != 0 || at > 0.6 && third != 2 || at > 0.4 && at < 0.6 && third != 1 {
			return fmt.Errorf("it lies at (%.2f, %.2f)", o.x, o.y)
		}
	}
	return nil
}

// judgeMany is for three in their order, or any number that are alike.
func judgeMany(said [][]string, words string, seen []sight) error {
	row := regexp.MustCompile(`in a row|side by side|next to each|left to right|on the left,`).MatchString(words)
	column := regexp.MustCompile(`column|one above|top to bottom|at the top,`).MatchString(words)
	slices.SortFunc(seen, func(a, b sight) int {
		if row {
			return int(math.Copysign(1, a.x-b.x))
		}
		return int(math.Copysign(1, a.y-b.y))
	})
	for i, o := range seen {
		if !is(o, said[i]) {
			return fmt.Errorf("the %d. is %+v", i+1, o)
		}
		if i > 0 && (row && !along(o.y-seen[i-1].y, 0) || column && !along(o.x-seen[i-1].x, 0)) {
			return fmt.Errorf("they are in no line: %+v", seen)
		}
	}
	return nil
}

func groundOf(m *image.RGBA) (best Background) {
	least := math.MaxInt
	for b, g := range grounds {
		if d := squared(rgb(m.Pix[m.PixOffset(0, m.Rect.Dy()/2):][:3]), g); d < least {
			least, best = d, Background(b)
		}
	}
	return best
}

func TestCaptionsAreTrue(t *testing.T) {
	for i := range int64(500) {
		s := New(11, i)
		m := s.Draw(200)
		if err := judge(s.Caption(), m, look(m, s.Background)); err != nil {
			t.Errorf("scene %d: %q: %v", i, s.Caption(), err)
		}
	}
}

func TestDistractorsAreFalse(t *testing.T) {
	for i := range int64(200) {
		s := New(12, i)
		m := s.Draw(200)
		seen := look(m, s.Background)
		for _, c := range s.Distractors(8) {
			if judge(c, m, seen) == nil {
				t.Errorf("scene %d: %q is true, as is %q", i, c, s.Caption())
			}
		}
	}
}

func TestSiblingsAreTrueOfThemselvesAlone(t *testing.T) {
	total := 0
	for i := range int64(150) {
		s := New(13, i)
		m := s.Draw(200)
		seen := look(m, s.Background)
		by := []Trait{Trait(i) % numTraits}
		if i%2 == 0 {
			by = nil // all
		}
		for _, sibling := range s.Siblings(4, by...) {
			total++
			own, c := sibling.Draw(200), sibling.Caption()
			if err := judge(c, own, look(own, sibling.Background)); err != nil {
				t.Errorf("scene %d: sibling %q: %v", i, c, err)
			}
			if judge(c, m, seen) == nil {
				t.Errorf("scene %d: its sibling's %q is true of it, as is %q", i, c, s.Caption())
			}
		}
	}
	if total < 450 {
		t.Errorf("only %d siblings of 150 scenes", total)
	}
}

func TestSiblingsDifferInTheTraitAskedFor(t *testing.T) {
	for i := range int64(50) {
		s := New(14, i)
		if s.Arrangement != Alone {
			continue
		}
		shapes, siblings := map[Shape]bool{s.Objects[0].Shape: true}, s.Siblings(9, ByShape)
		for _, sibling := range siblings {
			o := sibling.Objects[0]
			shapes[o.Shape] = true
			if o.Color != s.Objects[0].Color || o.Size != s.Objects[0].Size || sibling.Place != s.Place || sibling.Background != s.Background {
				t.Errorf("scene %d: %q has the sibling %q", i, s.Caption(), sibling.Caption())
			}
		}
		if len(shapes) != 1+len(siblings) {
			t.Errorf("scene %d: %d siblings of %d shapes", i, len(siblings), len(shapes)-1)
		}
	}
}
