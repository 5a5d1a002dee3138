package sources

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// A line of a list.
type line struct {
	number int64  // from 1
	text   []byte // without its end; valid until the next line is read
	err    error  // why it cannot be used
}

var (
	errLongLine = fmt.Errorf("the line has more than %d bytes", maxText)
	errNotUTF8  = errors.New("the line is not UTF-8")
)

// lines cuts a list into lines, those that are empty left out. It holds one line in memory, of a limited length.
type lines struct {
	in     *bufio.Reader
	number int64
	long   []byte // a line that in has no room for
	back   []line // given back, to be read again
}

func newLines(in io.Reader) *lines { return &lines{in: bufio.NewReaderSize(in, 64<<10)} }

// next returns the next line, and io.EOF after the last.
func (l *lines) next() (line, error) {
	for {
		next, err := l.any()
		if err != nil || next.err != nil || len(next.text) > 0 {
			return next, err
		}
	}
}

// any returns the next line, also where it is empty.
func (l *lines) any() (line, error) {
	if len(l.back) > 0 {
		next := l.back[0]
		l.back = l.back[1:]
		return next, nil
	}
	text, err := l.read()
	if err != nil {
		return line{}, err
	}
	l.number++
	if l.number == 1 {
		text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	}
	next := line{number: l.number}
	text = bytes.TrimRight(text, "\r\n")
	switch {
	case len(text) > maxText:
		next.err = errLongLine
	case !utf8.Valid(text):
		next.err = errNotUTF8
	default:
		next.text = text
	}
	return next, nil
}

// read returns the next line with its end. Of one that is too long it keeps a part that is still too long.
func (l *lines) read() ([]byte, error) {
	text, err := l.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		l.long = l.long[:0]
		for {
			if len(l.long) <= maxText {
				l.long = append(l.long, text...)
			}
			if err != bufio.ErrBufferFull {
				break
			}
			text, err = l.in.ReadSlice('\n')
		}
		text = l.long
	}
	if err == io.EOF && len(text) > 0 {
		err = nil
	}
	return text, err
}

// giveBack makes lines, whose texts must be copies, the next ones.
func (l *lines) giveBack(back ...line) { l.back = slices.Concat(back, l.back) }

// clone returns a line whose text stays valid.
func (l line) clone() line {
	l.text = bytes.Clone(l.text)
	return l
}
