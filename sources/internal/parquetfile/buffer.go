package parquetfile

// A pageBuffer holds one page after another.
type pageBuffer struct {
	bytes  []byte
	mapped bool
}

// largePage is what pages must have to be kept outside the heap. In it, a page that is held would let the garbage of as
// many bytes pile up before it is collected; but a heap of nearly nothing would be collected at every batch.
const largePage = 16 << 20

// grow makes the buffer n bytes long, of any content. A sixteenth more is reserved, so that pages of about one size fit.
func (b *pageBuffer) grow(n int) (err error) {
	if cap(b.bytes) < n {
		b.free()
		if room := n + n/16; n < largePage {
			b.bytes = make([]byte, room)
		} else if b.bytes, err = mapMemory(room); err != nil {
			return err
		}
		b.mapped = n >= largePage
	}
	b.bytes = b.bytes[:n]
	return nil
}

// free empties the buffer. What was in it must not be used any more.
func (b *pageBuffer) free() {
	if b.mapped {
		unmapMemory(b.bytes[:cap(b.bytes)])
	}
	*b = pageBuffer{}
}
