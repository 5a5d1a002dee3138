package sources

// grow makes a buffer n bytes long, of any content. A sixteenth more is reserved, so that pages of about one size fit.
func grow(buffer *[]byte, n int) {
	if cap(*buffer) < n {
		*buffer = nil // the old one can be collected before the new one is made
		*buffer = make([]byte, n+n/16)
	}
	*buffer = (*buffer)[:n]
}

// An offHeap buffer is for large pages that are held beside others: in the heap, each would let the garbage of as many
// bytes pile up before it is collected.
type offHeap struct{ bytes []byte }

// grow makes the buffer n bytes long, of any content.
func (b *offHeap) grow(n int) error {
	if cap(b.bytes) < n {
		b.free()
		bytes, err := mapMemory(n + n/16)
		if err != nil {
			return err
		}
		b.bytes = bytes
	}
	b.bytes = b.bytes[:n]
	return nil
}

// free gives the buffer back. What was in it must not be used any more.
func (b *offHeap) free() {
	if b.bytes != nil {
		unmapMemory(b.bytes[:cap(b.bytes)])
	}
	b.bytes = nil
}
