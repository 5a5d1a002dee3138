package pixel

import "github.com/pairstream/pairstream/model/pixel/internal/kernel"

// fours is what the resampler over the kernels of a level works on. Source rows are taken four at a time; filtered
// along x they become a group of cells, one for each column: four bands, each of four rows. (Where a picture has
// fewer bands, the rest of a cell is anything.) A ring holds as many groups as the filter along y spans.
type fours struct {
	offsets []int     // byte of each result's first sample in a row
	x, y    []uint32  // split weights: along x of all results, along y of one
	weights []uint64  // the weights of one result before they are split, zero around them
	groups  []int     // where the groups of one result are in the ring
	rows    [4][]byte // copies of the source rows that cannot be read in place
	ring    []byte    // [slots][width] cells
	out     []byte    // a row of the result, [4][width]
}

const cell = 16 // bytes

// resize resizes channels of src along s.x and s.y into s.result, [channels][size][size].
func (f *fours) resize(l *kernel.Level, s *scratch, src raster, channels, size int, premultiplied bool) {
	width := (size + 15) &^ 15
	slots := (s.y.taps + 3 + 3) / 4 // the filter may begin and end amid a group
	steps := f.prepare(l, &s.x, size, src.bands)
	f.groups = grow(f.groups, slots)
	f.y = grow(f.y, slots*l.Parts*4/l.Packed)
	f.ring = grow(f.ring, slots*width*cell)
	f.out = grow(f.out, 4*width)
	// Loads of the last result's last step end here. Behind its own samples may be any others.
	reach := f.offsets[size-1] + (steps-1)*l.Step*src.bands + 4*l.Step

	slot := func(group int) int { return group % slots * width * cell }
	done := 0
	for o := range size {
		start := s.y.first[o] - s.y.lo
		first, last := start/4, (start+s.y.count[o]-1)/4
		for ; done <= last; done++ {
			rows := f.source(s, src, done, reach, premultiplied)
			l.Horizontal(&f.ring[slot(done)], &rows, &f.offsets[0], size, &f.x[0], steps, l.Step*src.bands, &l.Orders[src.bands])
		}
		f.groups = f.groups[:0]
		for group := first; group <= last; group++ {
			f.groups = append(f.groups, slot(group))
		}
		f.spread(f.y, l, s.y.of(o), start%4, 4, len(f.groups), 1)
		l.Vertical(&f.out[0], width, &f.ring[0], &f.groups[0], len(f.groups), &f.y[0], width)
		for c := range channels {
			copy(s.result[(c*size+o)*size:][:size], f.out[c*width:])
		}
	}
}

// prepare fills f.offsets and f.x and returns how many steps each result takes.
func (f *fours) prepare(l *kernel.Level, x *axis, size, bands int) (steps int) {
	steps = (x.taps + l.Step - 1) / l.Step
	words := steps * l.Parts * 4 * l.Step / l.Packed
	f.offsets = grow(f.offsets, size)
	f.x = grow(f.x, size*words)
	for i, first := range x.first[:size] {
		f.offsets[i] = (first - x.lo) * bands
		f.spread(f.x[i*words:][:words], l, x.of(i), 0, l.Step, steps, 4)
	}
	return steps
}

// spread splits the weights of a result, which begin at tap skip of its first step, into words: [steps][parts][taps
// of a step / l.Packed][copies].
func (f *fours) spread(words []uint32, l *kernel.Level, weights []uint64, skip, step, steps, copies int) {
	f.weights = grow(f.weights, step*steps)
	clear(f.weights[:skip])
	n := copy(f.weights[skip:], weights)
	clear(f.weights[skip+n:])
	for i := 0; i < len(f.weights); i += step {
		for part := range l.Parts {
			for j := i; j < i+step; j += l.Packed {
				word := l.Part(f.weights[j:j+l.Packed], part)
				for k := range copies {
					words[k] = word
				}
				words = words[copies:]
			}
		}
	}
}

// source returns the rows of a group from their first sample that counts, with reach bytes behind it.
func (f *fours) source(s *scratch, src raster, group, reach int, premultiplied bool) (rows [4]*byte) {
	n := (s.x.hi - s.x.lo) * src.bands
	for i := range rows {
		y := min(s.y.lo+4*group+i, s.y.hi-1)
		row := src.pix[(y*src.w+s.x.lo)*src.bands:]
		if premultiplied || len(row) < reach {
			f.rows[i] = grow(f.rows[i], max(reach, n))
			if premultiplied {
				premultiply(f.rows[i], row[:n], src.bands)
			} else {
				copy(f.rows[i], row[:n])
			}
			row = f.rows[i]
		}
		rows[i] = &row[0]
	}
	return rows
}
