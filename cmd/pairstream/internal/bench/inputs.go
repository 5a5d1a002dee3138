package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"maps"
	"math"
	"math/rand/v2"
)

// captions are n different ones of the length that people's have: 9 words, 12 tokens with start and end.
func captions(n int) []string {
	things := []string{
		"a brown dog", "an old man", "two children", "the red bus", "a young woman in a hat", "a black cat", "three birds",
		"a sailing boat", "a group of tourists", "the steam train", "a small white horse", "a street musician", "my bicycle",
	}
	actions := []string{
		"waiting", "standing still", "moving slowly", "seen from behind", "resting", "photographed at sunset", "covered with snow",
		"in bright light", "looking at the camera", "half hidden",
	}
	places := []string{
		"on a wooden bench in the park", "near the harbour", "in front of a brick wall", "under the bridge", "beside a lake",
		"at the station", "on the beach", "between tall buildings", "in the middle of a busy market", "on a hill, 1987",
		"next to a parked car",
	}
	list := make([]string, n)
	for i := range list { // the numbers have no common divisor: all combinations come before one comes again
		list[i] = fmt.Sprintf("%s %s %s", things[i%len(things)], actions[i%len(actions)], places[i%len(places)])
	}
	return list
}

// photographs are n JPEGs of 500×375 pixels, quality 90: colour gradients, edges and grain, about 50 kB each.
func photographs(n int) ([][]byte, error) {
	const width, height = 500, 375
	r := rand.New(rand.NewPCG(7, 7))
	list := make([][]byte, n)
	for i := range list {
		m := image.NewRGBA(image.Rect(0, 0, width, height))
		var wave [3][3]float64
		for c := range wave {
			wave[c] = [3]float64{0.05 * r.Float64(), 0.05 * r.Float64(), 7 * r.Float64()}
		}
		for y := range height {
			for x := range width {
				var v [3]uint8
				for c, w := range wave {
					s := 128 + 90*math.Sin(w[0]*float64(x)+w[1]*float64(y)+w[2]) + 6*r.NormFloat64()
					if (x/40+y/50+c)%5 == 0 {
						s -= 40
					}
					v[c] = uint8(min(max(s, 0), 255))
				}
				m.SetRGBA(x, y, color.RGBA{v[0], v[1], v[2], 255})
			}
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}); err != nil {
			return nil, err
		}
		list[i] = b.Bytes()
	}
	return list, nil
}

// with is a and b in one.
func with(a, b map[string]any) map[string]any {
	all := map[string]any{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

func plural(threads int) string {
	if threads == 1 {
		return "1 thread"
	}
	return fmt.Sprintf("%d threads", threads)
}
