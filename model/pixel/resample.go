package pixel

// The resampler works on pairs: a word holds two samples 32 bits apart, and one multiplication by a weight, one
// addition to a sum serve both. The lower sum borrows from the upper where it is negative; high gives it back.
//
// Rows come in pairs (planes of words, upper row in the upper half) and are filtered along x. What comes out is
// rounded to bytes, as Pillow rounds between its passes, packed again, left half of a row with its right half, and
// kept in a ring of as many rows as the filter along y spans. So the memory is a few rows, whatever the picture.

const (
	pairHalf = 1<<(precision-1) | 1<<(precision-1+32) // a half in either sum, for rounding
	unroll   = 4                                      // taps that the inner loops take at once
)

// bicubic resizes src along s.x and s.y and converts the result to RGB: [3][size][size] bytes, which live in s.
// Where nothing is resized, Pillow leaves colour under alpha alone.
func (s *scratch) bicubic(src raster, resized bool, size int) []byte {
	channels := src.colours()
	premultiplied := src.alpha() && resized
	if src.alpha() {
		channels++
	}
	s.result = grow(s.result, max(3, channels)*size*size)
	if s.level != nil {
		s.fours.resize(s.level, s, src, channels, size, premultiplied)
	} else {
		s.resize(src, channels, size, premultiplied)
	}
	return s.rgb(src, premultiplied, size)
}

// resize resizes channels of src into s.result, [channels][size][size]: the truth for the kernels of a level.
func (s *scratch) resize(src raster, channels, size int, premultiplied bool) {
	columns := s.x.hi - s.x.lo + s.x.taps
	n := channels * size // samples of a resized row
	half := (n + 1) / 2
	slots := s.y.taps + 2
	s.plane = grow(s.plane, channels*columns)
	s.row[0], s.row[1] = grow(s.row[0], 2*half), grow(s.row[1], 2*half)
	s.ring = grow(s.ring, slots*half)
	s.sum = grow(s.sum, half)

	slot := func(y int) []uint64 { return s.ring[y%slots*half:][:half] }
	done := s.y.lo // source rows before it are in the ring, or were
	for o := range size {
		first, last := s.y.first[o], s.y.first[o]+s.y.count[o]-1
		for done <= last {
			upper := min(done+1, s.y.hi-1)
			s.widen(src, done, upper, channels, columns, premultiplied)
			s.horizontal(channels, columns, size)
			pack(slot(done), s.row[0])
			if upper > done {
				pack(slot(upper), s.row[1])
			}
			done += 2
		}
		for i := range s.sum {
			s.sum[i] = pairHalf
		}
		weight := s.y.weight[o*s.y.taps:][:s.y.taps]
		for j := 0; j < s.y.count[o]; j += unroll {
			y := first + j // behind last the weights are zero, and any row will do
			verticalSum(s.sum, slot(y), slot(min(y+1, last)), slot(min(y+2, last)), slot(min(y+3, last)), weight[j:j+unroll])
		}
		unpack(s.row[0], s.sum)
		for c := range channels {
			copy(s.result[(c*size+o)*size:][:size], s.row[0][c*size:])
		}
	}
}

// horizontal filters the two rows in s.plane along x into s.row, [channels][size] each.
func (s *scratch) horizontal(channels, columns, size int) {
	lower, upper := s.row[0], s.row[1]
	taps := s.x.taps
	for c := range channels {
		plane := s.plane[c*columns:][:columns]
		out0, out1 := lower[c*size:][:size], upper[c*size:][:size]
		weight := s.x.weight
		for i, first := range s.x.first[:size] {
			var sum uint64 = pairHalf
			k := weight[i*taps:][:taps]
			p := plane[first-s.x.lo:][:taps]
			for j := 0; j < len(k)-3 && j < len(p)-3; j += 4 {
				sum += p[j]*k[j] + p[j+1]*k[j+1] + p[j+2]*k[j+2] + p[j+3]*k[j+3]
			}
			out0[i], out1[i] = clip(low(sum)), clip(high(sum))
		}
	}
}

// verticalSum adds four rows, each times its weight, to sum.
func verticalSum(sum, r0, r1, r2, r3, weight []uint64) {
	k0, k1, k2, k3 := weight[0], weight[1], weight[2], weight[3]
	r0, r1, r2, r3 = r0[:len(sum)], r1[:len(sum)], r2[:len(sum)], r3[:len(sum)]
	for i := range sum {
		sum[i] += r0[i]*k0 + r1[i]*k1 + r2[i]*k2 + r3[i]*k3
	}
}

// pack makes words of the two halves of row.
func pack(words []uint64, row []byte) {
	left, right := row[:len(words)], row[len(words):][:len(words)]
	for i := range words {
		words[i] = uint64(left[i]) | uint64(right[i])<<32
	}
}

// unpack rounds the sums of packed words to the bytes of a row.
func unpack(row []byte, sums []uint64) {
	left, right := row[:len(sums)], row[len(sums):][:len(sums)]
	for i, sum := range sums {
		left[i], right[i] = clip(low(sum)), clip(high(sum))
	}
}

func low(sum uint64) int32 { return int32(sum) }

func high(sum uint64) int32 { return int32((int64(sum) - int64(int32(sum))) >> 32) }

// clip rounds a sum of weighted samples down to a byte.
func clip(sum int32) byte {
	v := sum >> precision
	if uint32(v) > 255 {
		v = ^(v >> 31) // 0 below, 255 in its low byte above
	}
	return byte(v)
}
