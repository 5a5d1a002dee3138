package sinks

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
)

// An npyFile is an array in NumPy's format, version 1.0, that is being written. See numpy.lib.format.
type npyFile struct {
	*aside
	half    bool
	rows    int
	shape   []int // of a row; to be set before the file is complete
	scratch []byte
}

// npyHeader is the length of the header: room for any number of rows, and a multiple of 64 like NumPy's.
const npyHeader = 128

// newNpy begins an array, and closes what it is written to where that fails.
func newNpy(a *aside, half bool) (*npyFile, error) {
	f := &npyFile{aside: a, half: half}
	if _, err := f.Write(make([]byte, npyHeader)); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// write appends rows of the file's shape.
func (f *npyFile) write(rows int, values []float32) error {
	bytes := arrow.Float32Traits.CastToBytes(values) // little-endian, as are the machines that this runs on
	if f.half {
		f.scratch = appendHalf(f.scratch[:0], values)
		bytes = f.scratch
	}
	_, err := f.Write(bytes)
	f.rows += rows
	return err
}

// header returns what comes before the values, which depends on how many there are.
func (f *npyFile) header() []byte {
	kind := "<f4"
	if f.half {
		kind = "<f2"
	}
	shape := []string{strconv.Itoa(f.rows)}
	for _, n := range f.shape {
		shape = append(shape, strconv.Itoa(n))
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", kind, strings.Join(shape, ", "))
	const before = "\x93NUMPY\x01\x00\x76\x00" // magic, version, and the length of what follows: 118
	return fmt.Appendf(nil, "%s%-*s\n", before, npyHeader-len(before)-1, text)
}

// complete writes the header and makes the file durable.
func (f *npyFile) complete() error {
	header := f.header()
	if len(header) != npyHeader {
		return fmt.Errorf("%s: a shape of %d dimensions is too long for its header", f.path, 1+len(f.shape))
	}
	if f.err == nil {
		_, f.err = f.file.WriteAt(header, 0)
	}
	return f.aside.complete()
}
