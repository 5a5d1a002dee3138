package scenes

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/golden.txt and golden.png anew")

// TestGolden holds what seed 1 gives: the captions to the letter, the pictures to within two steps of 255, as much as
// machines that add and multiply at once may differ.
func TestGolden(t *testing.T) {
	const side, columns, lines = 64, 6, 4
	sheet := image.NewRGBA(image.Rect(0, 0, side*columns, side*lines))
	var captions strings.Builder
	for i := range columns * lines {
		s := New(1, int64(i))
		captions.WriteString(s.Caption() + "\n")
		at := image.Pt(i%columns*side, i/columns*side)
		draw.Draw(sheet, image.Rectangle{at, at.Add(image.Pt(side, side))}, s.Draw(side), image.Point{}, draw.Src)
	}
	if *update {
		var b bytes.Buffer
		if err := png.Encode(&b, sheet); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{"golden.txt": []byte(captions.String()), "golden.png": b.Bytes()} {
			if err := os.WriteFile("testdata/"+name, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	want, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	if captions.String() != string(want) {
		t.Errorf("captions:\n%s\nwant:\n%s", captions.String(), want)
	}
	file, err := os.Open("testdata/golden.png")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	golden, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	for y := range side * lines {
		for x := range side * columns {
			got, want := sheet.RGBAAt(x, y), color.RGBAModel.Convert(golden.At(x, y)).(color.RGBA)
			if squared(rgb{got.R, got.G, got.B}, rgb{want.R, want.G, want.B}) > 3*2*2 || got.A != want.A {
				t.Fatalf("pixel (%d, %d) of the sheet is %v, want %v", x, y, got, want)
			}
		}
	}
}

func TestAnyIndexInAnyOrder(t *testing.T) {
	for _, i := range []int64{7, 0, math.MaxInt64, -1, 7} {
		a, b := New(5, i), New(5, i)
		if !reflect.DeepEqual(a, b) || !bytes.Equal(a.Draw(50).Pix, b.Draw(50).Pix) {
			t.Errorf("scene %d is not the same twice", i)
		}
	}
	if reflect.DeepEqual(New(5, 7), New(6, 7)) || reflect.DeepEqual(New(5, 7), New(5, 8)) {
		t.Error("two seeds or two indices give the same scene")
	}
}

// TestVariety looks at ten thousand scenes next to each other.
func TestVariety(t *testing.T) {
	const n = 10000
	captions := make(map[string]bool)
	alone := make(map[any]int)
	grounds, arrangements, numbers := make(map[Background]int), make(map[Arrangement]int), make(map[int]int)
	singles := 0
	for i := range int64(n) {
		s := New(3, i)
		captions[s.Caption()] = true
		grounds[s.Background]++
		arrangements[s.Arrangement]++
		numbers[len(s.Objects)]++
		if s.Arrangement == Alone {
			singles++
			for _, v := range []any{s.Objects[0].Shape, s.Objects[0].Color, s.Objects[0].Size, s.Place} {
				alone[v]++
			}
		}
		if words := len(strings.Fields(strings.ReplaceAll(s.Caption(), ",", " ,"))); words > 32 {
			t.Errorf("%d words: %q", words, s.Caption())
		}
	}
	if len(captions) < n*9/10 {
		t.Errorf("%d captions of %d scenes", len(captions), n)
	}
	for v, count := range alone {
		kinds := map[reflect.Type]int{reflect.TypeFor[Shape](): int(numShapes), reflect.TypeFor[Color](): int(numColors),
			reflect.TypeFor[Size](): int(numSizes), reflect.TypeFor[Place](): int(numPlaces)}[reflect.TypeOf(v)]
		if share := float64(count*kinds) / float64(singles); share < 0.75 || share > 1.25 {
			t.Errorf("%v is %d times among %d, one of %d kinds", v, count, singles, kinds)
		}
	}
	if want := int(numShapes) + int(numColors) + int(numSizes) + int(numPlaces); len(alone) != want {
		t.Errorf("%d kinds of things of objects alone, want %d", len(alone), want)
	}
	if len(grounds) != int(numBackgrounds) || len(arrangements) != int(Scattered)+1 || len(numbers) != 5 {
		t.Errorf("not everything happens: %v, %v, %v", grounds, arrangements, numbers)
	}
}

func TestObjectsDoNotTouch(t *testing.T) {
	for i := range int64(5000) {
		s := New(4, i)
		for k, a := range s.Objects {
			if min(a.X, a.Y)-a.Radius < 0 || max(a.X, a.Y)+a.Radius > 1 {
				t.Errorf("scene %d: %+v reaches out of the picture", i, a)
			}
			for _, b := range s.Objects[:k] {
				if gap := max(math.Abs(a.X-b.X), math.Abs(a.Y-b.Y)) - a.Radius - b.Radius; gap < 0.004 {
					t.Errorf("scene %d: %.4f between %+v and %+v", i, gap, a, b)
				}
			}
		}
	}
	for shape, lines := range outlines {
		for _, turn := range []float64{-0.12, 0, 0.12} {
			for _, line := range lines {
				for _, p := range line {
					sin, cos := math.Sincos(turn)
					if x, y := p.x*cos-p.y*sin, p.x*sin+p.y*cos; max(math.Abs(x), math.Abs(y)) > 1.0001 {
						t.Errorf("%v turned by %g reaches to (%.3f, %.3f)", Shape(shape), turn, x, y)
					}
				}
			}
		}
	}
}

func TestDrawAnySize(t *testing.T) {
	for _, size := range []int{1, 2, 7, 224, 600} {
		m := New(1, 1).Draw(size)
		if m.Rect != image.Rect(0, 0, size, size) || !m.Opaque() {
			t.Errorf("size %d gives %v, opaque: %t", size, m.Rect, m.Opaque())
		}
	}
}

func TestEncoded(t *testing.T) {
	s := New(2, 2)
	asPNG, err := s.PNG(80)
	if err != nil {
		t.Fatal(err)
	}
	asJPEG, err := s.JPEG(80, 95)
	if err != nil {
		t.Fatal(err)
	}
	for format, limit := range map[string]int{"png": 0, "jpeg": 8} {
		file := map[string][]byte{"png": asPNG, "jpeg": asJPEG}[format]
		m, as, err := image.Decode(bytes.NewReader(file))
		if err != nil || as != format {
			t.Fatalf("%s decodes as %q: %v", format, as, err)
		}
		want := s.Draw(80).RGBAAt(3, 40)
		got := color.RGBAModel.Convert(m.At(3, 40)).(color.RGBA)
		if squared(rgb{got.R, got.G, got.B}, rgb{want.R, want.G, want.B}) > limit*limit {
			t.Errorf("%s: pixel %v, want %v", format, got, want)
		}
	}
	for _, size := range []int{-1, 0, MaxSize + 1} {
		if _, err := s.PNG(size); err == nil {
			t.Errorf("a PNG of size %d: no error", size)
		}
		if _, err := s.JPEG(size, 90); err == nil {
			t.Errorf("a JPEG of size %d: no error", size)
		}
	}
}

func TestDistractorsDiffer(t *testing.T) {
	for i := range int64(500) {
		s := New(8, i)
		wrong := s.Distractors(7)
		seen := map[string]bool{s.Caption(): true}
		for _, c := range wrong {
			if seen[c] {
				t.Errorf("scene %d: %q twice, or right", i, c)
			}
			seen[c] = true
		}
		if len(wrong) != 7 || !reflect.DeepEqual(wrong, s.Distractors(7)) {
			t.Errorf("scene %d: %d, want the same seven each time", i, len(wrong))
		}
	}
	if got := New(8, 0).Distractors(0); len(got) != 0 {
		t.Errorf("none asked for, got %q", got)
	}
}

func BenchmarkDraw(b *testing.B) {
	b.ReportAllocs()
	for i := int64(0); b.Loop(); i++ {
		New(1, i).Draw(224)
	}
}

func BenchmarkPNG(b *testing.B) {
	for i := int64(0); b.Loop(); i++ {
		if _, err := New(1, i).PNG(224); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJPEG(b *testing.B) {
	for i := int64(0); b.Loop(); i++ {
		if _, err := New(1, i).JPEG(224, 90); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCaption(b *testing.B) {
	for i := int64(0); b.Loop(); i++ {
		_ = New(1, i).Caption()
	}
}
