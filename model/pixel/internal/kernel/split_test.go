package kernel

import "testing"

// TestPartsJoinToWeights splits weights at the ends of what a filter can have, almost −2 and 2 in 22 bits, and between.
func TestPartsJoinToWeights(t *testing.T) {
	const most = 127<<16 + 127<<8 + 127
	bits := map[string]int{"avx512vnni": 8, "avx2": 15} // from a part to the next
	for _, l := range Levels {
		for w := -most; w <= most; w += 1 + (w&0xff)*97 {
			weights := []uint64{uint64(w), uint64(-w), 1, 1 << 22}[:l.Packed]
			sums := make([]int, l.Packed)
			for part := range l.Parts {
				word := l.Part(weights, part)
				for i := range sums {
					if l.Packed == 4 {
						sums[i] += int(int8(word>>(8*i))) << (bits[l.Name] * part)
					} else {
						sums[i] += int(int16(word>>(16*i))) << (bits[l.Name] * (l.Parts - 1 - part))
					}
				}
			}
			for i, sum := range sums {
				if sum != int(weights[i]) {
					t.Fatalf("%s: weight %d became %d", l.Name, int(weights[i]), sum)
				}
			}
		}
	}
}
