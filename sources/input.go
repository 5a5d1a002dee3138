package sources

import (
	"context"
	"os"
	"time"

	"github.com/pairstream/pairstream/internal/store"
)

// An input is a list's file. Regular files are read as they are. What may keep a reader waiting, a pipe or a terminal,
// is read by a goroutine of its own, so that the wait can be given up.
type input struct {
	file  store.File
	gauge *gauge
	ctx   context.Context // of the call that reads

	chunks chan chunk // nil for a regular file
	closed chan struct{}
	last   chunk // the one being read
}

type chunk struct {
	bytes []byte
	err   error
}

// openInput begins to read a file, which it takes over.
func openInput(file store.File, g *gauge) (*input, error) {
	in := &input{file: file, gauge: g}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	g.reset(0)
	if info.Mode().IsRegular() {
		g.reset(info.Size())
		return in, nil
	}
	in.chunks, in.closed = make(chan chunk), make(chan struct{})
	go in.pump()
	return in, nil
}

// pump reads into two buffers in turn: when one has been taken, the other has been read.
func (in *input) pump() {
	defer close(in.chunks)
	var buffers [2][64 << 10]byte
	for i := 0; ; i = 1 - i {
		n, err := in.file.Read(buffers[i][:])
		select {
		case in.chunks <- chunk{buffers[i][:n], err}:
		case <-in.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

// Read reads until the context that is set ends.
func (in *input) Read(p []byte) (int, error) {
	if in.chunks == nil {
		n, err := in.file.Read(p)
		in.gauge.read.Add(int64(n))
		return n, err
	}
	for len(in.last.bytes) == 0 {
		if in.last.err != nil {
			return 0, in.last.err
		}
		select {
		case in.last = <-in.chunks:
		case <-in.ctx.Done():
			return 0, in.ctx.Err()
		}
	}
	n := copy(p, in.last.bytes)
	in.last.bytes = in.last.bytes[n:]
	return n, nil
}

// close ends the goroutine, where a deadline can, and closes the file.
func (in *input) close() error {
	if in.chunks != nil {
		close(in.closed)
		if f, ok := in.file.(*os.File); ok && f.SetReadDeadline(time.Unix(1, 0)) == nil {
			for range in.chunks {
			}
			_ = f.SetReadDeadline(time.Time{})
		}
	}
	return closeList(in.file)
}

// closeList closes a list's file. Standard input belongs to the program.
func closeList(file store.File) error {
	if file == os.Stdin {
		return nil
	}
	return file.Close()
}
