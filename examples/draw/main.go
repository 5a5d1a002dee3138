// Draw writes a folder of drawn scenes, JPEG and PNG files in turn, with a list of their captions: something to try
// pairstream on.
//
//	go run ./examples/draw [FOLDER]
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/pairstream/pairstream/sources/scenes"
)

func main() {
	folder := "scenes"
	if len(os.Args) > 1 {
		folder = os.Args[1]
	}
	const seed, count, size = 7, 24, 320
	if err := scenes.WriteFolder(folder, seed, count, size); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("drew %d scenes in %s\n", count, folder)
}
