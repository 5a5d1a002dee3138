package sources_test

import (
	"context"
	"fmt"
	"log"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/sources"
)

func ExampleOpen() {
	source, err := sources.Open("scenes:3?seed=7")
	if err != nil {
		log.Fatal(err)
	}
	for pairs, err := range pipeline.All(context.Background(), pipeline.From(source)) {
		if err != nil {
			log.Fatal(err)
		}
		for i := range pairs.NumRows() {
			id, _ := pairs.Label(i)
			caption, _ := pairs.Caption(int(i))
			fmt.Println(id, caption)
		}
	}
	// Output:
	// scenes-7-0 a blue arrow at the top, a little green heart in the middle and a pink square at the bottom against a light green background
	// scenes-7-1 an image of a large red crescent at the top right and a yellow triangle at the bottom left
	// scenes-7-2 an image of five small brown crescents stacked in a column against a dark background
}

// What a .json has beside the caption rides along.
func ExampleTar() {
	source := &sources.Tar{Paths: []string{"testdata/plain.tar"}}
	for pairs, err := range pipeline.All(context.Background(), pipeline.From(source)) {
		if err != nil {
			log.Fatal(err)
		}
		for _, field := range pairs.Schema().Fields() {
			fmt.Println(field.Name, field.Type)
		}
	}
	// Output:
	// id utf8
	// image binary
	// caption utf8
	// origin_lane utf8
	// origin_offset int64
	// url utf8
	// key utf8
	// status utf8
	// width utf8
	// source_similarity utf8
	// exif utf8
}
