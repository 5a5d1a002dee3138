package scenes_test

import (
	"fmt"

	"github.com/pairstream/pairstream/sources/scenes"
)

func ExampleNew() {
	for i := range int64(3) {
		scene := scenes.New(1, i)
		picture := scene.Draw(224)
		fmt.Println(picture.Rect.Max, scene.Caption())
	}
	// Output:
	// (224,224) a tiny brown cross, a brown square and an orange cross from left to right
	// (224,224) there are four small yellow crosses in a column against a light blue background
	// (224,224) a small turquoise ring on the left side against a light pink background
}

func ExampleScene_Distractors() {
	scene := scenes.New(1, 4)
	fmt.Println(scene.Caption())
	for _, wrong := range scene.Distractors(3) {
		fmt.Println("  not:", wrong)
	}
	// Output:
	// three blue crosses
	//   not: three red crosses
	//   not: three blue triangles
	//   not: four blue crosses
}

// Labels for a zero-shot classifier of what is painted in red.
func ExampleObject_String() {
	for _, shape := range scenes.Shapes()[:3] {
		fmt.Println("a photo of", scenes.Object{Shape: shape, Color: scenes.Red, Size: scenes.Big})
	}
	// Output:
	// a photo of a big red circle
	// a photo of a big red square
	// a photo of a big red triangle
}
