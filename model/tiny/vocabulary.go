package main

import (
	"slices"

	"github.com/pairstream/pairstream/model/tokenizer"
	"github.com/pairstream/pairstream/sources/scenes"
)

// A vocabulary is the tokens of the words in captions of scenes, ascending. Training sees a token's place in it
// instead of its id: the rest of CLIP's 49,408 would only cost time.
type vocabulary []int32

// wordsOfScenes collects them from enough scenes to have met every word.
func wordsOfScenes() vocabulary {
	ids := make(map[int32]bool)
	row := make([]int32, 77)
	see := func(caption string) {
		tokenizer.Default().Encode(row, caption)
		for _, id := range row[:1+slices.Index(row, tokenizer.End)] {
			ids[id] = true
		}
	}
	for i := range int64(10000) {
		s := scenes.New(0, i)
		see(s.Caption())
		for _, b := range briefs {
			see(b.say(s.Objects[0]))
		}
	}
	var v vocabulary
	for id := range ids {
		v = append(v, id)
	}
	slices.Sort(v)
	return v
}

// encode is the tokenizer's Encode with places for ids. It panics on a word that scenes do not have.
func (v vocabulary) encode(row []int32, caption string) {
	tokenizer.Default().Encode(row, caption)
	for i, id := range row {
		place, ok := slices.BinarySearch(v, id)
		if !ok {
			panic("a word that is in no scene: " + caption)
		}
		row[i] = int32(place)
		if id == tokenizer.End {
			clear(row[i+1:])
			return
		}
	}
}
